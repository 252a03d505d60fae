/** Requests signed by access keys, against a dev server that checks each signature: given keys, files, documents of STS, providers. */
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer, type DevServerKeys } from '../../src/dev-server/index.js';
import type { NacosClient } from '../../src/index.js';
import { INSTANCE, keep, loggedClient } from './tls-fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const KEYS = { accessKeyId: 'LTAI-ann', accessKeySecret: 's3cr3t/+=' };
const GIVEN = { accessKey: KEYS.accessKeyId, secretKey: KEYS.accessKeySecret };
const TEMPORARY = { ...KEYS, accessKeyId: 'STS.ann', securityToken: 'CAIS-token' };
const FOLDER = mkdtempSync(path.join(tmpdir(), 'nacos-serving-keys-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

async function server(accessKeys: DevServerKeys | (() => DevServerKeys)): Promise<DevServer> {
  return keep(await startDevServer({ accessKeys }));
}

function documentOf(keys: typeof TEMPORARY, lifeMs: number): string {
  return JSON.stringify({
    AccessKeyId: keys.accessKeyId,
    AccessKeySecret: keys.accessKeySecret,
    SecurityToken: keys.securityToken,
    Expiration: new Date(Date.now() + lifeMs).toISOString(),
    Code: 'Success',
  });
}

/** Each kind of request of both modules. */
async function useEverything({ naming, config }: NacosClient): Promise<void> {
  await naming.register('orders', INSTANCE);
  await naming.registerBatch('bills', [INSTANCE, { ...INSTANCE, port: 81 }]);
  await naming.query('orders');
  await naming.listServices();
  await naming.subscribe('orders').ready();
  await naming.deregister('orders', INSTANCE);
  await config.publish('app.yaml', undefined, 'a: 1');
  await vi.waitFor(async () => {
    expect((await config.get('app.yaml'))?.content).toBe('a: 1');
  }, WAIT);
  await config.listen('app.yaml').ready();
  await config.remove('app.yaml');
}

describe('a server that wants signatures', () => {
  it.each([
    ['1', {}, {}],
    ['4', { region: 'cn-hangzhou' }, { signatureRegion: 'cn-hangzhou' }],
  ])('takes every request of both modules, signed by version %s', async (_, wanted, given) => {
    for (const namespace of ['public', 'dev']) {
      const at = await server({ ...KEYS, ...wanted });
      const { client } = loggedClient({ server: at.address, namespace, ...GIVEN, ...given });
      await useEverything(client);
      expect(at.instances('bills', { namespace })).toHaveLength(2);
    }
  });

  it.each([
    ['none', {}],
    ['another secret', { ...GIVEN, secretKey: 'hunter2' }],
    ['another key', { ...GIVEN, accessKey: 'LTAI-eve' }],
    ['another version', { ...GIVEN, signatureRegion: 'cn-hangzhou' }],
  ])('refuses %s', async (_, given) => {
    const at = await server(KEYS);
    const { client } = loggedClient({ server: at.address, ...given });
    await expect(client.naming.register('orders', INSTANCE)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(client.config.get('app.yaml')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(at.instances('orders')).toEqual([]);
  });

  it('may want a login as well', async () => {
    const auth = { username: 'ann', password: 'wonderland' };
    const at = keep(await startDevServer({ auth, accessKeys: KEYS }));
    const { client } = loggedClient({ server: at.address, ...auth, ...GIVEN });
    await useEverything(client);
    const { client: half } = loggedClient({ server: at.address, ...auth });
    await expect(half.naming.query('orders')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('keys that are replaced', () => {
  it('in their files are taken by the next request that is refused', async () => {
    let keys: DevServerKeys = KEYS;
    const at = await server(() => keys);
    const [accessKeyFile, secretKeyFile] = ['ak', 'sk'].map((name) => path.join(FOLDER, name));
    writeFileSync(String(accessKeyFile), `${KEYS.accessKeyId}\n`);
    writeFileSync(String(secretKeyFile), KEYS.accessKeySecret);
    const { client } = loggedClient({ server: at.address, accessKeyFile, secretKeyFile });
    await client.naming.register('orders', INSTANCE);
    keys = { accessKeyId: 'LTAI-new', accessKeySecret: 'n3w' };
    writeFileSync(String(accessKeyFile), keys.accessKeyId);
    writeFileSync(String(secretKeyFile), `${keys.accessKeySecret}\n`);
    await vi.waitFor(() => client.naming.query('orders'), WAIT);
    await client.naming.register('bills', INSTANCE);
    expect(at.instances('bills')).toHaveLength(1);
  });
});

describe('temporary keys', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const one of servers.splice(0)) one.close();
  });

  it('are taken from a document that is given, or in a file', async () => {
    const at = await server(TEMPORARY);
    const text = documentOf(TEMPORARY, 3_600_000);
    const stsFile = path.join(FOLDER, 'sts.json');
    writeFileSync(stsFile, text);
    for (const given of [{ stsCredentials: text }, { stsFile }]) {
      const { client } = loggedClient({ server: at.address, ...given });
      await useEverything(client);
    }
    expect(at.instances('bills')).toHaveLength(2);
  });

  it('are fetched from a URL, and anew before they end, with no failed request', async () => {
    let round = 0;
    const keysOf = (count: number): typeof TEMPORARY => ({
      ...TEMPORARY,
      accessKeySecret: `secret-${String(count)}`,
      securityToken: `token-${String(count)}`,
    });
    const metadata = createServer((_, response) => {
      round += 1;
      response.end(documentOf(keysOf(round), 2000));
    });
    servers.push(metadata);
    await new Promise<void>((resolve) => void metadata.listen(0, '127.0.0.1', resolve));
    const { port } = metadata.address() as AddressInfo;
    const valid = new Set<string>();
    const dev = keep(
      await startDevServer({
        // Only the newest are good: what was signed with those before is refused, and sent again.
        accessKeys: () => {
          valid.add(keysOf(round).securityToken);
          return keysOf(round);
        },
      }),
    );
    const { client, log } = loggedClient({
      server: dev.address,
      stsUrl: `http://127.0.0.1:${String(port)}/latest/meta-data/ram/security-credentials/app?x=hunter2`,
    });
    await vi.waitFor(async () => {
      await client.naming.query('orders');
      expect(round).toBeGreaterThanOrEqual(4);
    }, WAIT);
    expect(valid.size).toBeGreaterThanOrEqual(4);
    expect(log.join('')).not.toMatch(/ (warn|error) |hunter2/);
  });

  it('whose source is away are waited for, and the log says so once', async () => {
    const at = await server(TEMPORARY);
    const stsFile = path.join(FOLDER, 'late.json');
    const { client, log } = loggedClient({ server: at.address, stsFile });
    const registered = client.naming.register('orders', INSTANCE, { timeoutMs: 20_000 });
    await vi.waitFor(() => expect(log.join('')).toContain('cannot be read: ENOENT'), WAIT);
    writeFileSync(stsFile, documentOf(TEMPORARY, 3_600_000));
    await registered;
    expect(log.filter((line) => line.includes(' error '))).toHaveLength(1);
  });
});

describe('credentials of a user’s own', () => {
  it('may be keys, a token or headers for each request', async () => {
    const at = await server(TEMPORARY);
    const { client } = loggedClient({
      server: at.address,
      credentials: { provide: () => Promise.resolve(TEMPORARY) },
    });
    await useEverything(client);

    const auth = { username: 'ann', password: 'wonderland' };
    const withLogin = keep(await startDevServer({ auth }));
    let asked = 0;
    const { client: byToken } = loggedClient({
      server: withLogin.address,
      credentials: {
        async provide() {
          asked += 1;
          const form = new URLSearchParams(auth);
          const url = `http://${withLogin.address}/nacos/v1/auth/login`;
          const answer = await fetch(url, { method: 'POST', body: form });
          const { accessToken } = (await answer.json()) as { readonly accessToken: string };
          return { headers: () => ({ accessToken }) };
        },
      },
    });
    await useEverything(byToken);
    expect(asked).toBe(1);
  });

  it('may be a function that has the password', async () => {
    const auth = { username: 'ann', password: 'wonderland' };
    const at = keep(await startDevServer({ auth }));
    const password = (): Promise<string> => Promise.resolve('wonderland');
    const { client } = loggedClient({ server: at.address, username: 'ann', password });
    await client.naming.register('orders', INSTANCE);
    expect(at.logins).toBe(1);
  });
});
