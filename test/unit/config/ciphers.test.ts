import { describe, expect, it } from 'vitest';

import { aesCipher } from '../../../src/config/aes-cipher.js';
import { ConfigCiphers } from '../../../src/config/ciphers.js';
import { createFakeClock } from '../../helpers/fake-clock.js';

const keyOf = (dataId: string) => ({ namespace: 'public', group: 'G', dataId });

describe('AES as the plug-in of Nacos does it', () => {
  /*
   * Made by OpenSSL 3 on the command line. The plug-in takes the digits of the key as its bytes in hex, and the first 16 digits themselves as the
   * initial vector (`0011223344556677` is 3030313132323333... in hex):
   *   printf nacos | openssl enc -aes-128-cbc -K 00112233445566778899aabbccddeeff -iv 30303131323233333434353536363737 | xxd -p
   *   printf 00112233445566778899aabbccddeeff | openssl base64 -A
   */
  const CONTENT = 'f8ef547c499454872ed0d4f0818b850c';
  const DATA_KEY = 'MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY=';

  it('reads a content whose key is the base64 of its hex digits and gives the vector', async () => {
    const stored = { content: CONTENT, encryptedDataKey: DATA_KEY };
    expect(await aesCipher.decrypt(stored)).toBe('nacos');
  });

  it('gives each content a key of its own, and reads it again', async () => {
    const one = await aesCipher.encrypt('übung 订单 🚀');
    const other = await aesCipher.encrypt('übung 订单 🚀');
    expect(one.content).not.toBe(other.content);
    expect(one.content).toMatch(/^[0-9a-f]+$/);
    expect(Buffer.from(one.encryptedDataKey, 'base64').toString()).toMatch(/^[0-9a-f]{64}$/);
    expect(await aesCipher.decrypt(one)).toBe('übung 订单 🚀');
  });
});

describe('the cipher of a config', () => {
  const shout = {
    algorithm: 'shout-1',
    encrypt: (content: string) => ({ content: content.toUpperCase(), encryptedDataKey: 'k' }),
    decrypt: ({ content }: { readonly content: string }) => content.toLowerCase(),
  };

  it('is told by its data id, the longest name first', async () => {
    const ciphers = new ConfigCiphers([{ ...shout, algorithm: 'shout' }, shout]);
    expect((await ciphers.seal(keyOf('cipher-shout-1-app'), 'x')).content).toBe('X');
    expect(
      await ciphers.open(keyOf('cipher-shout-app'), { content: 'X', encryptedDataKey: 'k' }),
    ).toBe('x');
    for (const dataId of ['app', 'cipher-', 'cipher-aes', 'my-cipher-aes-app']) {
      expect(await ciphers.seal(keyOf(dataId), 'x')).toEqual({
        content: 'x',
        encryptedDataKey: '',
      });
    }
  });

  it('that is not there is an error, so that nothing is published in plain text', async () => {
    const ciphers = new ConfigCiphers();
    await expect(ciphers.seal(keyOf('cipher-sm4-app'), 'x')).rejects.toMatchObject({
      code: 'NO_CIPHER',
    });
    const stored = { content: 'X', encryptedDataKey: 'k' };
    expect(() => ciphers.open(keyOf('cipher-sm4-app'), stored)).toThrow('sm4');
  });

  it('that fails is an error which does not quote the content', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    const ciphers = new ConfigCiphers([{ algorithm: 'b', encrypt: broken, decrypt: broken }]);
    await expect(ciphers.seal(keyOf('cipher-b-app'), 'secret')).rejects.toMatchObject({
      code: 'CIPHER_FAILED',
      message: expect.not.stringContaining('secret') as unknown,
    });
  });

  it('that never comes to an end, or gives no text, is an error too', async () => {
    const clock = createFakeClock();
    const never = (): Promise<never> => new Promise(() => undefined);
    const slow = new ConfigCiphers([{ algorithm: 'b', encrypt: never, decrypt: never }], clock);
    const stored = { content: 'X', encryptedDataKey: 'k' };
    const ends = Promise.allSettled([
      slow.seal(keyOf('cipher-b-app'), 'x'),
      slow.open(keyOf('cipher-b-app'), stored),
    ]);
    await clock.advance(10_000);
    const failed = { status: 'rejected', reason: { code: 'CIPHER_FAILED' } };
    expect(await ends).toMatchObject([failed, failed]);

    const nothing = () => undefined as never;
    const odd = new ConfigCiphers([{ algorithm: 'b', encrypt: nothing, decrypt: nothing }], clock);
    const refused = { code: 'CIPHER_FAILED' };
    await expect(odd.seal(keyOf('cipher-b-app'), 'x')).rejects.toMatchObject(refused);
    await expect(odd.open(keyOf('cipher-b-app'), stored)).rejects.toMatchObject(refused);
  });
});
