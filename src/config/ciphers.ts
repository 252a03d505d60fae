/**
 * Owns which cipher a config has, by its data id, and running it. Called by the config client and the reader. Everything else about a config
 * (sum, compare-and-set, copies on disk) is about what is stored, which is the encrypted text (docs/protocol.md#config).
 */
import type { ConfigCipher, ConfigKey, EncryptedConfig } from '../config-api.js';
import { ConfigError } from '../errors.js';
import { aesCipher } from './aes-cipher.js';

const PREFIX = 'cipher-';
/** `cipher-` alone, or with nothing behind the algorithm, is a data id like any other. */
const ENCRYPTED = /^cipher-[^-]+-./;

export class ConfigCiphers {
  readonly #ciphers: readonly ConfigCipher[];

  /** Those of the user go before ours. @throws ConfigError INVALID_OPTION */
  constructor(ciphers: readonly ConfigCipher[] = []) {
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
    return guarded(key, 'encrypted', () => cipher.encrypt(content));
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
    return guarded(key, 'decrypted', () => cipher.decrypt({ content, encryptedDataKey }));
  }

  #of({ dataId }: ConfigKey): ConfigCipher | undefined {
    return this.#ciphers.find(({ algorithm }) => dataId.startsWith(`${PREFIX}${algorithm}-`));
  }
}

function isEncrypted(dataId: string): boolean {
  return dataId.startsWith(PREFIX) && ENCRYPTED.test(dataId);
}

async function guarded<T>(key: ConfigKey, what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new ConfigError('CIPHER_FAILED', `${key.group}/${key.dataId} could not be ${what}`, {
      cause,
    });
  }
}

function noCipher({ group, dataId }: ConfigKey, so: string): ConfigError {
  const [, algorithm = ''] = dataId.split('-');
  return new ConfigError(
    'NO_CIPHER',
    `${group}/${dataId} needs a cipher "${algorithm}", which is not given: ${so}`,
  );
}
