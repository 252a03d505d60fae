/**
 * Owns where access keys come from when no code provides them: given as they are, in files, in a document of STS, or from the metadata
 * service of a cloud machine. Called by client/connection.ts. What is read is quoted nowhere. Source: docs/protocol.md#signatures
 * (Nacos `StsCredentialHolder`, `StsConfig`).
 */
import { readFile } from 'node:fs/promises';

import { asError } from '../../util/deferred.js';
import { reveal, type SecretText } from '../../util/secret.js';
import { httpCall, type HttpTarget } from '../http-call.js';
import type { TlsMaterial } from '../tls-material.js';
import type { CredentialsProvider, ProvidedCredentials } from './credentials.js';
import { unavailable } from './provided.js';

export interface NamedProvider {
  /** For lines that people read; holds no secret. */
  readonly name: string;
  readonly provider: CredentialsProvider;
}

/** A file that a secret is mounted at changes without notice. */
const LOOK_AGAIN_MS = 10_000;
const DOCUMENT_TIMEOUT_MS = 3000;
export const RAM_ROLE_URL = 'http://100.100.100.200/latest/meta-data/ram/security-credentials/';

/** A text that is given, or the path of the file that holds it. */
export type TextOrFile = { readonly text: SecretText } | { readonly file: string };

export function keysFrom(id: TextOrFile, secret: TextOrFile): NamedProvider {
  const files = [id, secret].flatMap((one) => ('file' in one ? [one.file] : []));
  const name = files.length === 0 ? 'the access key' : `the access key in ${files.join(' and ')}`;
  return {
    name,
    provider: {
      async provide() {
        const [accessKeyId, accessKeySecret] = await Promise.all([
          textOf(id, name),
          textOf(secret, name),
        ]);
        const keys = { accessKeyId, accessKeySecret };
        return files.length === 0 ? keys : { ...keys, renewAfterMs: LOOK_AGAIN_MS };
      },
    },
  };
}

export function stsFrom(document: TextOrFile): NamedProvider {
  const isFile = 'file' in document;
  const name = isFile ? `the STS document in ${document.file}` : 'the STS document';
  return {
    name,
    provider: {
      async provide() {
        const keys = readStsDocument(await textOf(document, name), name);
        return isFile ? { ...keys, renewAfterMs: LOOK_AGAIN_MS } : keys;
      },
    },
  };
}

/** `tls`: for a URL of https. */
export function stsFromUrl(
  url: SecretText,
  tls: TlsMaterial,
  name = 'the STS document',
): NamedProvider {
  return {
    name,
    provider: {
      async provide({ signal }) {
        const parsed = parsedUrl(reveal(url), name);
        const answer = await httpCall(targetOf(parsed), {
          method: 'GET',
          path: `${parsed.pathname}${parsed.search}`,
          what: name,
          timeoutMs: DOCUMENT_TIMEOUT_MS,
          signal,
          tls,
        });
        if (answer.status !== 200) {
          throw unavailable(name, `status ${String(answer.status)} of ${parsed.host}`);
        }
        return readStsDocument(answer.body, name);
      },
    },
  };
}

export function stsOfRole(role: string, tls: TlsMaterial): NamedProvider {
  return stsFromUrl(
    `${RAM_ROLE_URL}${encodeURIComponent(role)}`,
    tls,
    `the STS document of role ${role}`,
  );
}

function parsedUrl(url: string, name: string): URL {
  if (URL.canParse(url)) return new URL(url);
  // Not kept as the cause: the error of URL quotes what it was given.
  throw unavailable(name, 'its URL is not valid');
}

function targetOf(url: URL): HttpTarget {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, secure };
}

/** Without the line end that an editor leaves. @throws AuthError CREDENTIALS_UNAVAILABLE */
export async function textOf(source: TextOrFile, name: string): Promise<string> {
  if ('text' in source) return reveal(source.text);
  let text: string;
  try {
    text = (await readFile(source.file, 'utf8')).trim();
  } catch (error) {
    const known = asError(error);
    const why = 'code' in known ? String(known.code) : known.message;
    throw unavailable(name, `${source.file} cannot be read: ${why}`, known);
  }
  if (text === '') throw unavailable(name, `${source.file} is empty`);
  return text;
}

/** @throws AuthError CREDENTIALS_UNAVAILABLE, which says what is missing and quotes nothing */
export function readStsDocument(text: string, name: string): ProvidedCredentials {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // Not kept as the cause: the message of JSON.parse quotes the text.
    throw unavailable(name, 'it is no JSON');
  }
  if (typeof document !== 'object' || document === null) {
    throw unavailable(name, 'it is no JSON object');
  }
  const field = (key: string): unknown => Reflect.get(document, key);
  const code = field('Code');
  if (code !== undefined && code !== 'Success') throw unavailable(name, 'its Code is not Success');
  return {
    accessKeyId: needed(field('AccessKeyId'), 'AccessKeyId', name),
    accessKeySecret: needed(field('AccessKeySecret'), 'AccessKeySecret', name),
    securityToken: needed(field('SecurityToken'), 'SecurityToken', name),
    expiresAtMs: endOf(field('Expiration'), name),
  };
}

function needed(value: unknown, key: string, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable(name, `it has no ${key}`);
}

/** ISO time, or epoch ms. */
function endOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const endMs =
    typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(endMs)) throw unavailable(name, 'its Expiration is no time');
  return endMs;
}
