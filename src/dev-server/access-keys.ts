/**
 * Owns what the dev server makes of signed requests: with access keys given, a request has to be signed with them, for what it is about and
 * not long ago. Asked by the request order of gRPC. Written apart from the client, which it is to test. Source: docs/protocol.md#signatures.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Clock } from '../util/clock.js';
import type { JsonObject } from '../wire/json.js';

/** Access keys that the dev server wants requests to be signed with. */
export interface DevServerKeys {
  /** Sent with each request. */
  readonly accessKeyId: string;
  /** What both sides know. */
  readonly accessKeySecret: string;
  /** Given: signatures have to be of version 4, made for this region. */
  readonly region?: string;
  /** Given: the keys are temporary, and requests have to carry this. */
  readonly securityToken?: string;
}

type Headers = Readonly<Record<string, string>>;

/** Further from our own time than this, a signature is an old one sent again. */
const MAX_AGE_MS = 15 * 60 * 1000;

export class AccessKeyCheck {
  readonly #keys: (() => DevServerKeys) | undefined;
  readonly #clock: Clock;

  /** `keys` is asked for each request, so that they may change; undefined: nothing has to be signed. */
  constructor(keys: (() => DevServerKeys) | undefined, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  accepts(module: string, body: JsonObject, headers: Headers): boolean {
    const keys = this.#keys?.();
    if (keys === undefined) return true;
    if ((headers['Spas-SecurityToken'] ?? '') !== (keys.securityToken ?? '')) return false;
    if ((headers['signatureVersion'] === 'v4') !== (keys.region !== undefined)) return false;
    const signed = module === 'config' ? signedConfig(body, headers) : signedNaming(body, headers);
    if (signed?.id !== keys.accessKeyId) return false;
    const age = Math.abs(this.#clock.wallMs() - Number(signed.timestamp));
    if (!(age <= MAX_AGE_MS)) return false;
    const key = keys.region === undefined ? keys.accessKeySecret : dailyKey(keys, signed.timestamp);
    const right = createHmac('sha1', key).update(signed.text, 'utf8').digest();
    const given = Buffer.from(signed.signature, 'base64');
    return given.length === right.length && timingSafeEqual(given, right);
  }
}

interface Signed {
  readonly id: string | undefined;
  readonly timestamp: string;
  readonly text: string;
  readonly signature: string;
}

/** undefined when it is signed for another service than it is about. */
function signedNaming(body: JsonObject, headers: Headers): Signed | undefined {
  const { ak, data = '', signature = '' } = headers;
  const [timestamp = ''] = data.split('@@', 1);
  const about = [field(body, 'groupName'), field(body, 'serviceName')];
  const wanted = about.join('') === '' ? timestamp : [timestamp, ...about].join('@@');
  return data === wanted ? { id: ak, timestamp, text: data, signature } : undefined;
}

function signedConfig(body: JsonObject, headers: Headers): Signed {
  const timestamp = headers['Timestamp'] ?? '';
  const group = field(body, 'group');
  const about = group === '' ? [] : [field(body, 'tenant'), group].filter((part) => part !== '');
  return {
    id: headers['Spas-AccessKey'],
    timestamp,
    text: [...about, timestamp].join('+'),
    signature: headers['Spas-Signature'] ?? '',
  };
}

function dailyKey({ accessKeySecret, region = '' }: DevServerKeys, timestamp: string): string {
  const day = new Date(Number(timestamp)).toISOString().slice(0, 10).split('-').join('');
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text, 'utf8').digest();
  const ofDay = hmac(`aliyun_v4${accessKeySecret}`, day);
  const ofProduct = hmac(hmac(ofDay, region), 'mse-nacos');
  return hmac(ofProduct, 'aliyun_v4_request').toString('base64');
}

function field(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}
