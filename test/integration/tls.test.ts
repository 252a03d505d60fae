/** TLS to Nacos: whom we trust, as whom we come, and files that change under way. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, it, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import type { TlsOptions } from '../../src/index.js';
import { INSTANCE, keep, loggedClient, pem, tlsFile, tlsServer } from './tls-fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const CA = { caFile: tlsFile('ca.crt') };
const FOLDER = mkdtempSync(path.join(tmpdir(), 'nacos-serving-tls-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

async function refusal(server: string, tls: TlsOptions): Promise<string> {
  const { client, log } = loggedClient({ server, tls });
  const failed = client.connect({ timeoutMs: 20_000 });
  failed.catch(() => undefined);
  return vi.waitFor(() => {
    const line = log.find((each) => each.includes(' warn  cannot reach Nacos'));
    if (line === undefined) throw new Error('nothing was said yet');
    return line;
  }, WAIT);
}

describe('a server whose authority is known', () => {
  it('is registered at by TLS, and told that it is TLS', async () => {
    const at = await tlsServer('server');
    const { client } = loggedClient({ server: at.address, tls: CA });
    await client.naming.register('orders', INSTANCE);
    await client.config.publish('app.yaml', undefined, 'a: 1');
    expect(at.instances('orders')).toHaveLength(1);
    expect(at.connections().map(({ labels }) => labels['tls.enable'])).toEqual(['true', 'true']);
  });

  it('is known by texts in code as well as by files', async () => {
    const at = await tlsServer('server');
    const { client } = loggedClient({ server: at.address, tls: { ca: pem('ca.crt') } });
    await expect(client.connect()).resolves.toBeUndefined();
  });

  it('may be made out to another name, when that is said', async () => {
    const at = await tlsServer('renamed');
    const tls = { ...CA, serverName: 'registry.internal' };
    const { client } = loggedClient({ server: at.address, tls });
    await expect(client.connect()).resolves.toBeUndefined();
  });
});

describe('a server that cannot be trusted', () => {
  it.each([
    ['other-server', CA, /is its authority in tls\.ca_file\?/],
    ['server', { enabled: true }, /is its authority in tls\.ca_file\?/],
    ['renamed', CA, /tls\.server_name says which name/],
    ['server', { ...CA, serverName: 'elsewhere' }, /tls\.server_name says which name/],
  ])('%s with %j gets no request, and the log says what to do', async (name, tls, hint) => {
    const at = await tlsServer(name);
    expect(await refusal(at.address, tls)).toMatch(hint);
    expect(at.connections()).toEqual([]);
  });

  it('is used when we are told to in so many words', async () => {
    const at = await tlsServer('other-server');
    const { client } = loggedClient({ server: at.address, tls: { insecureSkipVerify: true } });
    await expect(client.connect()).resolves.toBeUndefined();
  });

  it('is not used because NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    try {
      const at = await tlsServer('other-server');
      expect(await refusal(at.address, CA)).toMatch(/is its authority in tls\.ca_file\?/);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('TLS on one side only', () => {
  it('fails with the reason when the server speaks plain text', async () => {
    const at = keep(await startDevServer());
    expect(await refusal(at.address, CA)).toMatch(/by TLS: /);
  });

  it('fails when the server speaks TLS only', async () => {
    const at = await tlsServer('server');
    const line = await refusal(at.address, { enabled: false });
    expect(line).toMatch(/ended|closed|reset/i);
    expect(at.connections()).toEqual([]);
  });
});

describe('a server that asks for a certificate', () => {
  const OURS = { ...CA, certFile: tlsFile('client.crt') };

  it('takes ours, also with an encrypted key', async () => {
    const at = await tlsServer('server', { mutual: true });
    const passphraseFile = path.join(FOLDER, 'passphrase');
    writeFileSync(passphraseFile, 'open sesame\n');
    for (const tls of [
      { ...OURS, keyFile: tlsFile('client.key') },
      { ...OURS, keyFile: tlsFile('client-encrypted.key'), keyPassphrase: 'open sesame' },
      { ...OURS, keyFile: tlsFile('client-encrypted.key'), keyPassphraseFile: passphraseFile },
      { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') },
    ]) {
      const { client } = loggedClient({ server: at.address, tls });
      await expect(client.connect({ timeoutMs: 20_000 })).resolves.toBeUndefined();
    }
  });

  it('refuses us without one, and the log says what is wanted', async () => {
    const at = await tlsServer('server', { mutual: true });
    expect(await refusal(at.address, CA)).toMatch(/tls\.cert_file and tls\.key_file/);
    expect(at.connections()).toEqual([]);
  });

  it('is not asked with a key that cannot be opened, and the passphrase is not told', async () => {
    const at = await tlsServer('server', { mutual: true });
    const tls = { ...OURS, keyFile: tlsFile('client-encrypted.key'), keyPassphrase: 'hunter2' };
    const line = await refusal(at.address, tls);
    expect(line).toMatch(/TLS to Nacos cannot be set up/);
    expect(line).not.toContain('hunter2');
  });
});

describe('files that change', () => {
  it('are read again before the next connect, and what cannot be used leaves those before', async () => {
    const at = await tlsServer('server');
    const caFile = path.join(FOLDER, 'changing-ca.crt');
    copyFileSync(tlsFile('other-ca.crt'), caFile);
    const { client, log } = loggedClient({ server: at.address, tls: { caFile } });
    const registered = client.naming.register('orders', INSTANCE, { timeoutMs: 60_000 });
    await vi.waitFor(() => expect(log.join('')).toContain('is its authority'), WAIT);
    copyFileSync(tlsFile('ca.crt'), caFile);
    await registered;
    expect(log.join('')).toContain('the TLS files have changed: read again');

    writeFileSync(caFile, 'no certificate');
    at.faults.dropConnections();
    await vi.waitFor(() => {
      expect(log.join('')).toMatch(/warn {2}the TLS files cannot be used .* stay in use/);
      expect(at.instances('orders')).toHaveLength(1);
      expect(at.connections()).toHaveLength(1);
    }, WAIT);
  });

  it('bring a new certificate of ours to the next connection, while the old one stays', async () => {
    const at = await tlsServer('server', { mutual: true });
    const [certFile, keyFile] = ['c.crt', 'c.key'].map((name) => path.join(FOLDER, name));
    copyFileSync(tlsFile('other-server.crt'), String(certFile));
    copyFileSync(tlsFile('other-server.key'), String(keyFile));
    const tls = { ...CA, certFile, keyFile };
    const { client, log } = loggedClient({ server: at.address, tls });
    const connected = client.connect({ timeoutMs: 60_000 });
    await vi.waitFor(() => expect(log.join('')).toContain('cannot reach Nacos'), WAIT);
    copyFileSync(tlsFile('client.crt'), String(certFile));
    copyFileSync(tlsFile('client.key'), String(keyFile));
    await expect(connected).resolves.toBeUndefined();
  });

  it('that are not there are told, and taken once they are', async () => {
    const at = await tlsServer('server');
    const caFile = path.join(FOLDER, 'late-ca.crt');
    const { client, log } = loggedClient({ server: at.address, tls: { caFile } });
    const connected = client.connect({ timeoutMs: 60_000 });
    await vi.waitFor(() => expect(log.join('')).toContain('ENOENT'), WAIT);
    copyFileSync(tlsFile('ca.crt'), caFile);
    await expect(connected).resolves.toBeUndefined();
  });
});
