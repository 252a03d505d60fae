/** Options that are right one by one and wrong together; and that those which are secret stay so. */
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { failure, load } from './loading.js';

describe('options that need each other', () => {
  it.each([
    [
      { env: { NACOS_USERNAME: 'ann' } },
      'username (env NACOS_USERNAME) is given without password or password_file: give both, or none',
    ],
    [
      { cli: { password: 'hunter2' } },
      'password (--password) is given without username: give both, or none',
    ],
    [
      { files: { 'nacos.yaml': 'nacos:\n  password: hunter2' } },
      'password (nacos.yaml:2:13) is given without username: give both, or none',
    ],
    [
      { code: { username: 'ann' } },
      'username (code) is given without password or password_file: give both, or none',
    ],
  ])('are refused one by one: %j', (layers, message) => {
    const error = failure(layers);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('may come from different layers', () => {
    const { options } = load({
      files: { 'nacos.yaml': 'nacos: {username: ann}' },
      env: { NACOS_PASSWORD: 'hunter2' },
    });
    expect(options.username).toBe('ann');
    expect(options.password?.reveal()).toBe('hunter2');
  });

  it.each([
    [
      { NACOS_ACCESS_KEY: 'hunter2' },
      'access_key (env NACOS_ACCESS_KEY) is given without secret_key or secret_key_file',
    ],
    [
      { NACOS_SECRET_KEY_FILE: '/k' },
      'secret_key_file (env NACOS_SECRET_KEY_FILE) is given without access_key or',
    ],
    [
      { NACOS_SIGNATURE_REGION: 'r' },
      'signature_region (env NACOS_SIGNATURE_REGION) is given without access_key or',
    ],
    [
      { NACOS_TLS_CERT_FILE: '/c' },
      'tls.cert_file (env NACOS_TLS_CERT_FILE) is given without tls.key_file',
    ],
    [
      { NACOS_TLS_KEY_PASSPHRASE: 'hunter2' },
      'tls.key_passphrase (env NACOS_TLS_KEY_PASSPHRASE) is given without tls.key_file',
    ],
    [
      { NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'hunter2', NACOS_PASSWORD_FILE: '/p' },
      'password (env NACOS_PASSWORD) and password_file (env NACOS_PASSWORD_FILE) are both given, and only one can count',
    ],
    [
      { NACOS_STS_URL: 'http://a/hunter2', NACOS_RAM_ROLE: 'r' },
      'sts_url (env NACOS_STS_URL) and ram_role (env NACOS_RAM_ROLE) are both given',
    ],
  ])("or stand in each other's way are told with their places: %j", (env, text) => {
    const error = failure({ env });
    expect(error.message).toContain(text);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('never show what is secret, whoever prints them', () => {
    const env = {
      ...{ NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'hunter2' },
      ...{ NACOS_ACCESS_KEY: 'hunter2', NACOS_SECRET_KEY: 'hunter2' },
      ...{
        NACOS_TLS_CERT_FILE: '/c',
        NACOS_TLS_KEY_FILE: '/k',
        NACOS_TLS_KEY_PASSPHRASE: 'hunter2',
      },
    };
    const loaded = load({ env });
    const shown = [inspect(loaded, { depth: 9, showHidden: true }), JSON.stringify(loaded)];
    shown.push(String(loaded.options.password), String(loaded.options.secretKey));
    for (const text of shown) expect(text).not.toContain('hunter2');
  });
});
