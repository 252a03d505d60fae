/** What the flags on the way to Nacos do: address server, ports and paths, keys, TLS. Seen at a dev server that wants just that. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, onTestFinished } from 'vitest';

import { startDevServer, type DevServerOptions } from '../../src/dev-server/index.js';
import { aFlagScene, effect, eventually, expectNothing } from './flags-scene.js';

const TLS = path.join(import.meta.dirname, '..', 'fixtures', 'tls', 'nacos');
const file = (name: string): string => path.join(TLS, name);
const pem = (name: string): string => readFileSync(file(name), 'utf8');
const USER = { username: 'ann', password: 'hunter2' };
const KEYS = { accessKeyId: 'LTAI-hunter2', accessKeySecret: 's3cr3t-hunter2' };
const TEMPORARY = { ...KEYS, securityToken: 'token-hunter2' };
const DOCUMENT = JSON.stringify({
  AccessKeyId: TEMPORARY.accessKeyId,
  AccessKeySecret: TEMPORARY.accessKeySecret,
  SecurityToken: TEMPORARY.securityToken,
  Expiration: '2999-01-01T00:00:00Z',
});

/** The app registers with these flags at a server like that, and says nothing that is secret. */
async function registers(
  options: DevServerOptions,
  flags: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using scene = await aFlagScene(options);
  const given = ['--service-name', 'orders', '--log-level', 'debug', ...flags];
  const { child } = await scene.start(given, { files });
  await scene.listed('orders');
  expect(child.lines.join('\n')).not.toContain('hunter2');
}

/** Answers with the text of now. */
async function page(): Promise<{ readonly port: number; text: string }> {
  const made = { port: 0, text: '' };
  const server = createServer((_, response) => response.end(made.text));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  made.port = (server.address() as AddressInfo).port;
  return made;
}

effect(['endpoint', 'endpoint_refresh'], 'follow the list of an address server', async () => {
  await using scene = await aFlagScene();
  await using other = await startDevServer({ port: 0 });
  const list = await page();
  list.text = scene.dev.address;
  const flags = ['--endpoint', `127.0.0.1:${String(list.port)}`, '--endpoint-refresh', '1'];
  await scene.start(['--service-name', 'orders', ...flags, '--nacos-server', '127.0.0.1:1']);
  await scene.listed('orders');
  list.text = other.address;
  await eventually(() => {
    expect(other.instances('orders')).toHaveLength(1);
    expectNothing(scene.dev, 'orders');
  });
});

effect(['context_path'], 'is where the login is', async () => {
  const login = ['--username', 'ann', '--password', 'hunter2'];
  await registers({ auth: USER, contextPath: '/own' }, ['--context-path', '/own', ...login]);
});

effect(['grpc_port_offset'], 'leads to the gRPC port', async () => {
  await using scene = await aFlagScene();
  const server = `127.0.0.1:${String(scene.dev.grpcPort - 7)}`;
  const flags = ['--nacos-server', server, '--grpc-port-offset', '7'];
  await scene.start(['--service-name', 'orders', ...flags]);
  expect(await scene.listed('orders')).toMatchObject({ healthy: true });
});

effect(['password_file'], 'has the password', async () => {
  const flags = ['--username', 'ann', '--password-file', 'secret.txt'];
  await registers({ auth: USER }, flags, { 'secret.txt': 'hunter2\n' });
});

effect(['access_key', 'secret_key', 'signature_region'], 'sign requests', async () => {
  const flags = ['--access-key', KEYS.accessKeyId, '--secret-key', KEYS.accessKeySecret];
  await registers({ accessKeys: KEYS }, flags);
  const region = { accessKeys: { ...KEYS, region: 'cn-hangzhou' } };
  await registers(region, [...flags, '--signature-region', 'cn-hangzhou']);
});

effect(['access_key_file', 'secret_key_file'], 'have the keys', async () => {
  const files = { ak: KEYS.accessKeyId, sk: `${KEYS.accessKeySecret}\n` };
  await registers(
    { accessKeys: KEYS },
    ['--access-key-file', 'ak', '--secret-key-file', 'sk'],
    files,
  );
});

effect(['sts_credentials'], 'sign with temporary keys', () =>
  registers({ accessKeys: TEMPORARY }, ['--sts-credentials', DOCUMENT]),
);

effect(['sts_file'], 'has temporary keys', () =>
  registers({ accessKeys: TEMPORARY }, ['--sts-file', 'sts.json'], { 'sts.json': DOCUMENT }),
);

effect(['sts_url'], 'is where temporary keys come from', async () => {
  const document = await page();
  document.text = DOCUMENT;
  const url = `http://127.0.0.1:${String(document.port)}/role?token=hunter2`;
  await registers({ accessKeys: TEMPORARY }, ['--sts-url', url]);
});

effect(
  ['ram_role'],
  'asks the metadata service, which only machines in that cloud have',
  async () => {
    await using scene = await aFlagScene({ accessKeys: TEMPORARY });
    const { child } = await scene.start(['--service-name', 'orders', '--ram-role', 'app']);
    await child.line(/the STS document of role app( at 100\.100\.100\.200:80)?.*; trying again/);
    expectNothing(scene.dev, 'orders');
  },
);

const SERVER = { cert: pem('server.crt'), key: pem('server.key') };
const CA = ['--tls-ca-file', file('ca.crt')];

effect(['tls.enabled', 'tls.ca_file'], 'speak TLS with a server of that authority', async () => {
  await registers({ tls: SERVER }, ['--tls', ...CA]);
  await registers({}, ['--no-tls', ...CA]);
});

effect(['tls.server_name'], 'is the name that the certificate is made out to', async () => {
  const tls = { cert: pem('renamed.crt'), key: pem('renamed.key') };
  await registers({ tls }, [...CA, '--tls-server-name', 'registry.internal']);
});

effect(['tls.insecure_skip_verify'], 'takes any certificate', async () => {
  const tls = { cert: pem('other-server.crt'), key: pem('other-server.key') };
  await registers({ tls }, ['--tls-insecure-skip-verify']);
});

effect(
  ['tls.cert_file', 'tls.key_file', 'tls.key_passphrase', 'tls.key_passphrase_file'],
  'show our certificate to a server that asks for one',
  async () => {
    const tls = { ...SERVER, clientCa: pem('ca.crt') };
    const ours = [...CA, '--tls-cert-file', file('client.crt')];
    await registers({ tls }, [...ours, '--tls-key-file', file('client.key')]);
    const encrypted = [...ours, '--tls-key-file', file('client-encrypted.key')];
    await registers({ tls }, [...encrypted, '--tls-key-passphrase', 'open sesame']);
    const fromFile = [...encrypted, '--tls-key-passphrase-file', 'phrase'];
    await registers({ tls }, fromFile, { phrase: 'open sesame\n' });
  },
);
