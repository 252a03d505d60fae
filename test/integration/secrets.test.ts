/** Every kind of secret in one run: logs, errors, dumps and what servers were asked by URL hold none of them. */
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';

import { afterAll, describe, expect, it, vi } from 'vitest';

import { createClient, type ClientOptions } from '../../src/index.js';
import { createLogger } from '../../src/logger.js';
import { printConfig } from '../../src/cli/commands/print-config.js';
import { connectionOf } from '../../src/options/connection.js';
import { loadOptions } from '../../src/options/load.js';
import { ClientPool } from '../../src/runtime/client-pool.js';
import { INSTANCE, keep, tlsFile, tlsServer } from './tls-fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const FOLDER = mkdtempSync(path.join(tmpdir(), 'nacos-serving-secrets-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Told apart by their numbers, and from everything else by this word. */
const MARK = 'hunter2';
const secret = (number: number): string => `${MARK}-${String(number)}`;
const KEYS = { accessKeyId: secret(1), accessKeySecret: secret(2), securityToken: secret(3) };
const DOCUMENT = JSON.stringify({
  AccessKeyId: KEYS.accessKeyId,
  AccessKeySecret: KEYS.accessKeySecret,
  SecurityToken: KEYS.securityToken,
});
const USER = { username: 'ann', password: secret(4) };

/** As a dump of a crash or a debugger shows it. */
function dumps(thing: unknown): string {
  return [
    inspect(thing, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(thing),
    String(thing),
  ].join('\n');
}

async function documentAt(
  asked: string[],
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(DOCUMENT);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${String(port)}/role?sig=${secret(5)}` };
}

describe('a run with every kind of secret', () => {
  it.each([
    ['that goes well', USER.password],
    ['whose password is wrong', secret(6)],
  ])('%s shows none of them', async (_, password) => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'debug', write: (line) => lines.push(line) });
    const asked: string[] = [];
    const document = await documentAt(asked);
    const at = await tlsServer('server', {
      auth: USER,
      accessKeys: KEYS,
      https: true,
      mutual: true,
      logger,
    });
    const env = {
      NACOS_SERVER: `https://${at.address}`,
      NACOS_USERNAME: USER.username,
      NACOS_PASSWORD: password,
      NACOS_STS_URL: document.url,
      NACOS_TLS_CA_FILE: tlsFile('ca.crt'),
      NACOS_TLS_CERT_FILE: tlsFile('client.crt'),
      NACOS_TLS_KEY_FILE: tlsFile('client-encrypted.key'),
      NACOS_TLS_KEY_PASSPHRASE: 'open sesame',
    };
    const loaded = loadOptions({ env, cwd: FOLDER });
    const pool = new ClientPool(logger);
    keep({ [Symbol.asyncDispose]: () => pool.close() });
    const client = pool.of(loaded.options);
    const failure: unknown = await client.naming
      .register('orders', INSTANCE, { timeoutMs: 5000 })
      .then(() => undefined)
      .catch((error: unknown) => error);
    expect(failure === undefined).toBe(password === USER.password);
    at.faults.forgetTokens();
    at.faults.dropConnections();
    await vi.waitFor(() => expect(lines.join('')).toContain('leaving Nacos'), WAIT);
    document.server.close();

    const shown = [
      ...lines,
      dumps(failure),
      dumps(loaded),
      dumps(client),
      dumps(pool),
      dumps(connectionOf(loaded.options)),
      dumps(at),
      printConfig(loaded, 'text'),
      printConfig(loaded, 'json'),
    ].join('\n');
    expect(shown).not.toContain(MARK);
    expect(shown).not.toContain('open sesame');
    // The one URL that is a secret itself is asked as it was given, and holds no other.
    expect(asked.join('').replaceAll(secret(5), '')).not.toContain(MARK);
    expect(lines.length).toBeGreaterThan(0);
  });

  it.each<[string, Partial<ClientOptions>]>([
    ['half a pair of keys', { accessKey: secret(1) }],
    ['two kinds of keys', { accessKey: secret(1), secretKey: secret(2), stsCredentials: DOCUMENT }],
    ['a broken document', { stsCredentials: `${secret(1)} is no JSON` }],
    ['a URL with a user', { stsUrl: `http://me:${secret(1)}@a/b` }],
    ['an address server with a user', { endpoint: `http://me:${secret(1)}@a/b` }],
    ['a server with a user', { server: `http://me:${secret(1)}@a` }],
    ['a key of two lines', { accessKey: `${secret(1)}\n`, secretKey: secret(2) }],
  ])('is refused with %s, without showing it', (_, given) => {
    const make = (): unknown => createClient({ server: '127.0.0.1', ...given });
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    try {
      make();
    } catch (error) {
      expect(dumps(error)).not.toContain(MARK);
    }
  });

  it('shows none when what a file holds is of no use', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'debug', write: (line) => lines.push(line) });
    const stsFile = path.join(FOLDER, 'broken.json');
    writeFileSync(stsFile, `{"AccessKeyId": "${secret(1)}", "AccessKeySecret": `);
    const at = await tlsServer('server', { accessKeys: KEYS });
    const client = keep(
      createClient({ server: at.address, tls: { caFile: tlsFile('ca.crt') }, stsFile, logger }),
    );
    const failure: unknown = await client.naming.query('orders').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(`${dumps(failure)}${lines.join('')}${dumps(client)}`).not.toContain(MARK);
  });
});
