/**
 * Owns what TLS to Nacos is made with: authorities, our certificate and key, and the name that is checked. Called by the gRPC transport and by
 * HTTP calls before each connect: files that have changed are read again, so that renewed certificates need no restart. What cannot be
 * used leaves the last good ones in use. It never turns a check off unless it is told to in so many words.
 */
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls';

import { ConnectionError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { TlsOptions } from '../options/connection.js';
import { asError } from '../util/deferred.js';
import { reveal } from '../util/secret.js';

/** What users give, less the switch. Of a pair of which both are given, the text counts. */
export type TlsMaterialOptions = Omit<TlsOptions, 'enabled'>;

const FILE_KEYS = ['caFile', 'certFile', 'keyFile', 'keyPassphraseFile'] as const;
type FileTexts = Partial<Record<(typeof FILE_KEYS)[number], string>>;

interface Loaded {
  /** Tells one state of the files from the next. */
  readonly stamp: string;
  readonly context: SecureContext;
}

export class TlsMaterial {
  readonly #options: TlsMaterialOptions;
  readonly #logger: Logger;
  #loaded: Loaded | undefined;
  /** Of files that could not be used: it is said once for each state of them. */
  #badStamp: string | undefined;

  constructor(options: TlsMaterialOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** What `tls.connect` to this host needs. @throws ConnectionError TLS_FAILED when nothing usable was ever there */
  async connectOptions(host: string): Promise<ConnectionOptions> {
    const { serverName, insecureSkipVerify = false } = this.#options;
    return {
      secureContext: await this.#context(),
      // An address is no name for SNI; the certificate is checked against the host then.
      servername: serverName ?? (isIP(host) === 0 ? host : ''),
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED does not turn it off behind our back.
      rejectUnauthorized: !insecureSkipVerify,
    };
  }

  async #context(): Promise<SecureContext> {
    let stamp = 'unread';
    try {
      stamp = await this.#stamp();
      if (this.#loaded?.stamp === stamp) return this.#loaded.context;
      const context = this.#build(await this.#read());
      if (this.#loaded !== undefined) this.#logger.info('the TLS files have changed: read again');
      this.#loaded = { stamp, context };
      this.#badStamp = undefined;
      return context;
    } catch (error) {
      const why = textOf(error);
      if (this.#loaded === undefined) {
        throw new ConnectionError('TLS_FAILED', `TLS to Nacos cannot be set up: ${why}`, {
          cause: error,
        });
      }
      if (this.#badStamp !== stamp) {
        this.#badStamp = stamp;
        this.#logger.warn(`the TLS files cannot be used (${why}); those before them stay in use`);
      }
      return this.#loaded.context;
    }
  }

  async #stamp(): Promise<string> {
    const stamps = await Promise.all(
      FILE_KEYS.map(async (key) => {
        const file = this.#options[key];
        if (file === undefined) return '';
        // A mounted secret is a link to a folder that is swapped: the file behind it counts.
        const { mtimeMs, size, ino } = await stat(file);
        return `${String(mtimeMs)}:${String(size)}:${String(ino)}`;
      }),
    );
    return stamps.join(',');
  }

  async #read(): Promise<FileTexts> {
    const texts: FileTexts = {};
    for (const key of FILE_KEYS) {
      const file = this.#options[key];
      if (file !== undefined) texts[key] = await readFile(file, 'utf8');
    }
    return texts;
  }

  #build(files: FileTexts): SecureContext {
    const { ca, cert, key, keyPassphrase } = this.#options;
    const authorities = ca ?? files.caFile;
    // OpenSSL takes a text without any certificate for an empty list, and then trusts nobody.
    for (const text of [authorities ?? []].flat()) checkCertificate(text);
    const ours = cert ?? files.certFile;
    const ourKey = key === undefined ? files.keyFile : reveal(key);
    const passphrase =
      keyPassphrase === undefined ? files.keyPassphraseFile?.trim() : reveal(keyPassphrase);
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(authorities === undefined ? {} : { ca: [authorities].flat() }),
      ...(ours === undefined ? {} : { cert: ours }),
      ...(ourKey === undefined ? {} : { key: ourKey }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  }
}

/** Throws when the text does not begin with a certificate that can be read. */
function checkCertificate(text: string): void {
  try {
    new X509Certificate(text);
  } catch (error) {
    throw new Error('tls.ca_file holds no certificate (PEM)', { cause: error });
  }
}

/** Messages of Node name the path of a file, and of OpenSSL the step that failed: neither quotes what it read. */
function textOf(error: unknown): string {
  return asError(error).message;
}

const HINTS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'is its authority in tls.ca_file?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is its authority in tls.ca_file?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is its authority in tls.ca_file?',
  UNABLE_TO_GET_ISSUER_CERT: 'is its authority in tls.ca_file?',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is its authority in tls.ca_file?',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls.server_name says which name it is made out to',
  CERT_HAS_EXPIRED: 'it has to be renewed, or a clock is wrong',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does the server speak plain text on this port?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'does the server speak plain text on this port?',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server wants tls.cert_file and tls.key_file',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the server does not trust the authority of tls.cert_file',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the server does not accept tls.cert_file',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'the server does not accept tls.cert_file',
};

/** What is wrong between two sides that speak TLS, with what to do about it; undefined when TLS has no part in the failure. */
export function tlsProblem(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : '';
  // What OpenSSL says in its own words stands between numbers and names of its files.
  const { reason } = error as { readonly reason?: unknown };
  const text = typeof reason === 'string' ? reason : error.message.trim();
  const hint = HINTS[code];
  if (hint !== undefined) return `${text} (${hint})`;
  const isTls = /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH)/.test(code);
  return isTls ? text : undefined;
}
