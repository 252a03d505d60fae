/**
 * Owns AES as Nacos' own plug-in does it, so that Java, Go and Python programs with that plug-in read what we publish and we what they do. Used
 * by the ciphers. The key of a content lies beside it on the server, as there: it keeps a content out of backups, logs and
 * eyes that see contents only, and not from who may read both. For more than that, bring a cipher with a key of your own.
 * Source: nacos-group/nacos-plugin, `AesEncryptionPluginService`: AES/CBC/PKCS5, content in hex, the key as base64 of its hex digits, whose
 * first 16 are the initial vector.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { ConfigCipher } from '../config-api.js';

const KEY_BYTES = 32;
const IV_CHARS = 16;
const HEX_KEY = /^(?:[0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64})$/i;
const HEX_BLOCKS = /^(?:[0-9a-f]{32})+$/i;

export const aesCipher: ConfigCipher = {
  algorithm: 'aes',
  encrypt(content) {
    const hexKey = randomBytes(KEY_BYTES).toString('hex');
    const cipher = createCipheriv(nameFor(hexKey), Buffer.from(hexKey, 'hex'), ivOf(hexKey));
    return {
      content: cipher.update(content, 'utf8', 'hex') + cipher.final('hex'),
      encryptedDataKey: Buffer.from(hexKey).toString('base64'),
    };
  },
  decrypt({ content, encryptedDataKey }) {
    // Stored in plain text, by somebody without this cipher.
    if (encryptedDataKey === '') return content;
    const hexKey = Buffer.from(encryptedDataKey, 'base64').toString('latin1');
    if (!HEX_KEY.test(hexKey)) throw new TypeError('its key is none of this cipher');
    if (!HEX_BLOCKS.test(content)) throw new TypeError('it is no text of this cipher');
    const decipher = createDecipheriv(nameFor(hexKey), Buffer.from(hexKey, 'hex'), ivOf(hexKey));
    return decipher.update(content, 'hex', 'utf8') + decipher.final('utf8');
  },
};

function nameFor(hexKey: string): string {
  return `aes-${String(hexKey.length * 4)}-cbc`;
}

/** The digits themselves, not what they stand for. */
function ivOf(hexKey: string): Buffer {
  return Buffer.from(hexKey.slice(0, IV_CHARS), 'latin1');
}
