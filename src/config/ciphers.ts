/**
 * Owns which cipher a config has, by its data id, and running it. Called by the config client and the reader. Everything else about a config
 * (sum, compare-and-set, copies on disk) is about what is stored, which is the encrypted text (docs/protocol.md#config).
 */
import type { ConfigCipher, ConfigKey, EncryptedConfig } from '../config-api.js';
import { ConfigError } from '../errors.js';
import { systemClock, type Clock } from '../util/clock.js';
import { waitWithin } from '../util/deferred.js';
import { aesCipher } from './aes-cipher.js';

const PREFIX = 'cipher-';
/** `cipher-` alone, or with nothing behind the algorithm, is a data id like any other. */
const ENCRYPTED = /^cipher-[^-]+-./;

/** For a cipher that asks a key service. One that never ends would keep others from being read, and whoever waits for it. */
const CIPHER_TIMEOUT_MS = 10_000;

export class ConfigCiphers {
  readonly #ciphers: readonly ConfigCipher[];
  readonly #clock: Clock;

  /** Those of the user go before ours. @throws ConfigError INVALID_OPTION */
  constructor(ciphers: readonly ConfigCipher[] = [], clock: Clock = systemClock) {
    this.#clock = clock;
    for (const { algorithm } of ciphers) {
      if (typeof algorithm === 'string' && /^[a-zA-Z0-9_.:-]+$/.test(algorithm)) continue;
      throw new ConfigError(
        'INVALID_OPTION',
        `algorithm ${JSON.stringify(algorithm)} of a cipher is not valid: allowed are letters, digits, - _ : .`,
      );
    }
    this.#ciphers = [...ciphers, aesCipher].sort(
      (one, other) => other.algorithm.length - one.algorithm.length,
    );
  }

  /** The text to store. @throws ConfigError NO_CIPHER, CIPHER_FAILED */
  async seal(key: ConfigKey, content: string): Promise<EncryptedConfig> {
    if (!isEncrypted(key.dataId)) return { content, encryptedDataKey: '' };
    const cipher = this.#of(key);
    if (cipher === undefined) throw noCipher(key, 'it was not published in plain text');
    return this.#guarded(key, 'encrypted', isSealed, () => cipher.encrypt(content));
  }

  /** The text to read; at once for what is not encrypted. @throws ConfigError NO_CIPHER, CIPHER_FAILED */
  open(key: ConfigKey, { content, encryptedDataKey }: EncryptedConfig): string | Promise<string> {
    if (!isEncrypted(key.dataId)) return content;
    const cipher = this.#of(key);
    if (cipher === undefined) {
      // Without a key it was stored by somebody who had no cipher for it either.
      if (encryptedDataKey === '') return content;
      throw noCipher(key, 'it cannot be read');
    }
    return this.#guarded(key, 'decrypted', isText, () =>
      cipher.decrypt({ content, encryptedDataKey }),
    );
  }

  /** What a cipher of a user does is checked: it may throw, never end, or give something else. @throws ConfigError CIPHER_FAILED */
  async #guarded<T>(
    key: ConfigKey,
    what: string,
    isWanted: (value: unknown) => value is T,
    run: () => T | Promise<T>,
  ): Promise<T> {
    try {
      const running = run();
      const value: unknown =
        running instanceof Promise
          ? await waitWithin(running, {
              clock: this.#clock,
              timeoutMs: CIPHER_TIMEOUT_MS,
              holdsProcess: false,
              onTimeout: () => new Error(`no answer within ${String(CIPHER_TIMEOUT_MS)} ms`),
            })
          : await running;
      if (!isWanted(value)) throw new TypeError('the cipher gave something else than text');
      return value;
    } catch (cause) {
      throw new ConfigError('CIPHER_FAILED', `${key.group}/${key.dataId} could not be ${what}`, {
        cause,
      });
    }
  }

  #of({ dataId }: ConfigKey): ConfigCipher | undefined {
    return this.#ciphers.find(({ algorithm }) => dataId.startsWith(`${PREFIX}${algorithm}-`));
  }
}

function isEncrypted(dataId: string): boolean {
  return dataId.startsWith(PREFIX) && ENCRYPTED.test(dataId);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isSealed(value: unknown): value is EncryptedConfig {
  if (typeof value !== 'object' || value === null) return false;
  return isText(Reflect.get(value, 'content')) && isText(Reflect.get(value, 'encryptedDataKey'));
}

function noCipher({ group, dataId }: ConfigKey, so: string): ConfigError {
  const [, algorithm = ''] = dataId.split('-');
  return new ConfigError(
    'NO_CIPHER',
    `${group}/${dataId} needs a cipher "${algorithm}", which is not given: ${so}`,
  );
}
