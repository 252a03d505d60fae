/**
 * Owns the signatures of requests by access keys, of version 1 and 4: naming and config have each their own headers and text to sign.
 * Called by provided.ts for each request; synchronous. Source: docs/protocol.md#signatures (Nacos `NamingResourceInjector`,
 * `ConfigResourceInjector`, `CalculateV4SigningKeyUtil`).
 */
import { createHmac } from 'node:crypto';

import type { AccessKeys, AuthHeaders, RequestScope } from './credentials.js';

const V4_PREFIX = 'aliyun_v4';
const V4_PRODUCT = 'mse-nacos';
const V4_END = 'aliyun_v4_request';

interface DerivedKey {
  readonly secret: string;
  readonly date: string;
  readonly key: string;
}

export class Signer {
  readonly #region: string | undefined;
  /** A key of version 4 is good for one day. */
  #derived: DerivedKey | undefined;

  /** Without a region it signs by version 1. */
  constructor(region: string | undefined) {
    this.#region = region;
  }

  /** `wallMs`: the time of the signature, which servers compare with their own clock. */
  headers(keys: AccessKeys, scope: RequestScope, wallMs: number): AuthHeaders {
    const key = this.#keyFor(keys.accessKeySecret, wallMs);
    return {
      ...(scope.module === 'naming'
        ? namingHeaders(keys.accessKeyId, key, scope, wallMs)
        : configHeaders(keys.accessKeyId, key, scope, wallMs)),
      ...(keys.securityToken === undefined ? {} : { 'Spas-SecurityToken': keys.securityToken }),
      ...(this.#region === undefined ? {} : { signatureVersion: 'v4' }),
    };
  }

  #keyFor(secret: string, wallMs: number): string {
    const region = this.#region;
    if (region === undefined) return secret;
    const date = new Date(wallMs).toISOString().slice(0, 10).replaceAll('-', '');
    if (this.#derived?.date !== date || this.#derived.secret !== secret) {
      this.#derived = { secret, date, key: derivedKey(secret, date, region) };
    }
    return this.#derived.key;
  }
}

function namingHeaders(
  accessKeyId: string,
  key: string,
  { group, name }: RequestScope,
  wallMs: number,
): AuthHeaders {
  const service = name.includes('@@') || group.trim() === '' ? name : `${group}@@${name}`;
  const data = service === '' ? String(wallMs) : `${String(wallMs)}@@${service}`;
  return { ak: accessKeyId, data, signature: sign(data, key) };
}

function configHeaders(
  accessKeyId: string,
  key: string,
  { namespace, group }: RequestScope,
  wallMs: number,
): AuthHeaders {
  const timestamp = String(wallMs);
  // Listening to many configs at once is about no group: the time alone is signed.
  const resource = namespace.trim() === '' || group === '' ? group : `${namespace}+${group}`;
  const text = resource.trim() === '' ? timestamp : `${resource}+${timestamp}`;
  return {
    'Spas-AccessKey': accessKeyId,
    Timestamp: timestamp,
    'Spas-Signature': sign(text, key),
  };
}

function sign(text: string, key: string): string {
  return createHmac('sha1', key).update(text).digest('base64');
}

/** The text in base64 is the key, not its bytes. */
function derivedKey(secret: string, date: string, region: string): string {
  let key: string | Buffer = `${V4_PREFIX}${secret}`;
  for (const part of [date, region, V4_PRODUCT, V4_END]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return Buffer.from(key).toString('base64');
}
