/**
 * Names with dots: services where they are declared, whichever way options are given, and from the first call on; DNS otherwise, whose error says how
 * to declare what the registry has. Also what `discovery.services` says of single services.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { startInstance, type InstanceServer } from '../helpers/instance-server.js';

/** Calls each URL of its arguments, by fetch and by node:http, and says what came; then whether anything of ours was loaded. */
const APP = `
const http = require('node:http');
const chain = (error) => error === undefined ? '' : error.code + ' ' + error.message + ' | ' + chain(error.cause);
const answer = ({ port, host }) => port + ' ' + host;
const viaFetch = (url) => fetch(url).then((response) => response.json()).then(answer);
const viaHttp = (url) => new Promise((resolve, reject) => {
  http.get(url, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(answer(JSON.parse(text))));
  }).on('error', reject);
});
module.exports = async (...urls) => {
  for (const url of urls) {
    for (const [way, call] of [['fetch', viaFetch], ['http', viaHttp]]) {
      console.log(way + ' ' + url + ': ' + (await call(url).catch((error) => 'failed ' + chain(error))));
    }
  }
  const hub = globalThis[Symbol.for('nacos-serving.runtime.1')];
  // Timers that hold the process.
  if (process.env.SAY_TIMERS) console.log('timers ' + process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length);
  console.log(hub.runtime === undefined ? 'nothing loaded' : 'loaded');
};
if (require.main === module) module.exports(...process.argv.slice(2));
`;
/** The same with options of code. */
const CODED = `
import { registerAutomatically } from 'nacos-serving';
registerAutomatically(JSON.parse(process.env.CODE));
const { default: call } = await import('./app.cjs');
await call(...process.argv.slice(2));
`;

let dev: DevServer;
let client: NacosClient;
let one: InstanceServer;
let two: InstanceServer;
let folder: string;
beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
  client = createClient({ server: dev.address, logger: silentLogger });
  one = await startInstance();
  two = await startInstance();
  const { naming } = client;
  for (const name of ['demo.api', 'Shop.Internal', 'orders']) {
    await naming.register(name, { ip: one.ip, port: one.port });
  }
  await naming.register({ name: 'grouped', group: 'SHOP' }, { ip: two.ip, port: two.port });
  await naming.registerBatch('two-clusters', [
    { ip: one.ip, port: one.port, cluster: 'HZ' },
    { ip: two.ip, port: two.port, cluster: 'SH' },
  ]);
  folder = installedFolder({}, (to) => {
    writeFileSync(path.join(to, 'app.cjs'), APP);
    writeFileSync(path.join(to, 'coded.mjs'), CODED);
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await client.close();
  await dev.close();
});

interface Run {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly cli?: readonly string[];
  /** Options of code, and no preload. */
  readonly code?: object;
}

/** What the app said of these URLs, by line. */
async function call(urls: readonly string[], run: Run): Promise<readonly string[]> {
  const files = Object.entries(run.files ?? {});
  for (const [name, text] of files) writeFileSync(path.join(folder, name), text);
  const ours = path.join(folder, 'node_modules/nacos-serving/dist');
  const argv =
    run.code !== undefined
      ? ['coded.mjs']
      : run.cli !== undefined
        ? [path.join(ours, 'cli/main.js'), ...run.cli, 'app.cjs']
        : ['--require', path.join(ours, 'entry/register.cjs'), 'app.cjs'];
  const env = {
    NACOS_SERVER: dev.address,
    ...(run.code === undefined ? {} : { CODE: JSON.stringify(run.code) }),
    ...run.env,
  };
  try {
    await using child = startNode([...argv, ...urls], { cwd: folder, env });
    expect(await child.exit()).toMatchObject({ code: 0 });
    return child.lines;
  } finally {
    for (const [name] of files) rmSync(path.join(folder, name));
  }
}

const both = (url: string, what: string): string[] => [
  `fetch ${url}: ${what}`,
  `http ${url}: ${what}`,
];

describe('a name with a dot', () => {
  const services = { 'demo.api': {} };
  it.each<readonly [string, Run]>([
    ['a variable', { env: { NACOS_DISCOVERY_SERVICES: 'demo.api' } }],
    ['a flag', { cli: ['--discovery-services', 'demo.api'] }],
    ['nacos.yaml', { files: { 'nacos.yaml': 'discovery:\n  services:\n    demo.api:\n' } }],
    ['nacos.json', { files: { 'nacos.json': JSON.stringify({ discovery: { services } }) } }],
    [
      'package.json',
      { files: { 'package.json': JSON.stringify({ nacos: { discovery: { services } } }) } },
    ],
    ['code', { code: { discovery: { services } } }],
  ])('is a service from the first call on when %s declares it', async (_where, run) => {
    const lines = await call(['http://demo.api/p'], run);
    for (const line of both('http://demo.api/p', `${String(one.port)} demo.api`)) {
      expect(lines).toContain(line);
    }
  });

  it('is declared by a pattern as well, whatever the case', async () => {
    const run = { env: { NACOS_DISCOVERY_SERVICES: '*.internal' } };
    const lines = await call(['http://SHOP.internal/', 'http://a.shop.external/'], run);
    expect(lines).toContain(`fetch http://SHOP.internal/: ${String(one.port)} shop.internal`);
    expect(lines.filter((line) => /external.*(ENOTFOUND|EAI_AGAIN)/.test(line))).toHaveLength(2);
  });

  it('costs a process without declarations nothing: addresses and hosts go as ever', async () => {
    const url = `http://127.0.0.1:${String(one.port)}/`;
    const lines = await call([url], {});
    expect(lines).toEqual([
      ...both(url, `${String(one.port)} ${new URL(url).host}`),
      'nothing loaded',
    ]);
  });
});

describe('an error of DNS', () => {
  it('says how to declare what the registry has, with the first call already', async () => {
    const lines = await call(['http://demo.api/', 'http://nobody.api/'], {});
    const [byFetch, byHttp, ...others] = lines;
    for (const line of [byFetch, byHttp]) {
      expect(line).toMatch(
        /failed.*(ENOTFOUND|EAI_AGAIN) getaddrinfo (ENOTFOUND|EAI_AGAIN) demo\.api \(/,
      );
      expect(line).toContain('Nacos has a service demo.api in group DEFAULT_GROUP');
      expect(line).toContain('--discovery-services demo.api');
    }
    // Nothing is said of what nobody knows.
    expect(others.slice(0, 2).join('\n')).not.toContain('Nacos');
    expect(others.slice(0, 2).join('\n')).toMatch(/nobody\.api \|/);
  });

  it('says that a port makes another host of the name', async () => {
    const lines = await call(['http://orders:8080/'], {});
    expect(lines[0]).toContain(
      'Nacos has a service orders in group DEFAULT_GROUP: http://orders/ without a port goes to its instances',
    );
  });

  it('is as without us when Nacos cannot be reached, and holds no process', async () => {
    const lines = await call(['http://demo.api/', 'http://nobody/'], {
      env: { NACOS_SERVER: '127.0.0.1:1', SAY_TIMERS: 'yes' },
    });
    const said = lines.filter((line) => line.includes('getaddrinfo'));
    expect(said).toHaveLength(4);
    for (const line of said) {
      expect(line).toMatch(/getaddrinfo (ENOTFOUND|EAI_AGAIN) (demo\.api|nobody) \| $/);
    }
    expect(lines).toContain('timers 0');
  });
});

describe('what is set for a service', () => {
  it('is its group, its clusters, given instances, or one address of a developer', async () => {
    const file = `
discovery:
  services:
    grouped: { group: SHOP }
    two-clusters: { clusters: [SH] }
    given: { instances: ["127.0.0.1:${String(two.port)}"] }
    orders: { address: "localhost:${String(two.port)}" }
`;
    const names = ['grouped', 'two-clusters', 'given', 'orders'];
    const urls = names.map((name) => `http://${name}/`);
    const lines = await call(urls, { files: { 'nacos.yaml': file } });
    const wanted = names.flatMap((name) => both(`http://${name}/`, `${String(two.port)} ${name}`));
    expect(lines.slice(0, -1)).toEqual(wanted);
  });
});
