/**
 * Gray release over three hops: edge -> middle -> last, plain apps under the preload. A tag that comes in at the edge decides which instance of the
 * last service answers, although no app hands it on.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PRELOAD = path.join(ROOT, 'dist/entry/register.cjs');
const HOP = path.join(ROOT, 'test/fixtures/apps/callers/hop.mjs');
const LIBRARY = pathToFileURL(path.join(ROOT, 'dist/index.js')).href;

/** Sets what its standard input says, line by line, for the service LAST. */
const ROUTES = `
import { createInterface } from 'node:readline';
import { setRoutes } from ${JSON.stringify(LIBRARY)};
const { LAST, RULES } = process.env;
await setRoutes(LAST, JSON.parse(RULES));
createInterface({ input: process.stdin }).on('line', async (rules) => {
  await setRoutes(LAST, JSON.parse(rules));
  console.log('routes changed');
});
process.stdin.unref();
`;

const RULE = { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'unlabelled' };
const children: Child[] = [];
const folder = tempFolder({ 'routes.mjs': ROUTES });
let registry: TestRegistry;
let client: NacosClient;
let middle: Child;
let edge: number;

interface Hop {
  readonly service: string;
  readonly next?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

async function start({ service, next, env = {}, args = [] }: Hop) {
  const child = startNode(['--require', PRELOAD, ...args, HOP], {
    env: {
      NACOS_SERVER: registry.address,
      NACOS_SERVICE_NAME: service,
      NACOS_SERVICE_IP: '127.0.0.1',
      NACOS_PROPAGATE: 'x-tag',
      NACOS_LOG_LEVEL: 'info',
      ...(next === undefined ? {} : { NEXT: next }),
      ...env,
    },
  });
  children.push(child);
  const [, port] = await child.line(/^listening on (\d+)$/);
  await child.line(/registered /);
  return { child, port: Number(port) };
}

beforeAll(async () => {
  registry = await openRegistry();
  client = createClient({ server: registry.address, logger: silentLogger });
  const [second, last] = [registry.uniqueName('middle'), registry.uniqueName('last')];
  const gray = { NAME: 'gray', NACOS_METADATA: 'version=gray' };
  await start({ service: last, env: { NAME: 'plain' } });
  await start({ service: last, env: gray });
  ({ child: middle } = await start({
    service: second,
    next: last,
    args: ['--import', pathToFileURL(path.join(folder.path, 'routes.mjs')).href],
    env: { LAST: last, RULES: JSON.stringify([RULE]) },
  }));
  ({ port: edge } = await start({ service: registry.uniqueName('edge'), next: second }));
  await vi.waitFor(
    async () => {
      expect((await client.naming.query(last)).instances).toHaveLength(2);
    },
    { timeout: 10_000 },
  );
}, 60_000);

afterAll(async () => {
  await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  await client.close();
  await registry.close();
  folder[Symbol.dispose]();
});

interface Answer {
  readonly by: string;
  readonly tag?: string;
  readonly baggage?: string;
}

async function ask(way: string, tag?: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${String(edge)}/${way}`, {
    headers: tag === undefined ? {} : { 'x-tag': tag },
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
}

describe.each([
  ['fetch', 'x-tag=gray'],
  ['http', 'mine=1,x-tag=gray'],
])('a chain of calls by %s', (way, baggage) => {
  it('keeps the tag over all hops and comes to the instance that is labelled with it', async () => {
    for (let call = 0; call < 6; call += 1) {
      expect(await ask(way, 'gray')).toEqual({ by: 'gray', tag: 'gray', baggage });
    }
  });

  it('comes to the unlabelled instance without a tag, and with one that nobody has', async () => {
    for (let call = 0; call < 6; call += 1) {
      expect((await ask(way)).by).toBe('plain');
      expect(await ask(way, 'green')).toMatchObject({ by: 'plain', tag: 'green' });
    }
  });

  it('mixes up nothing when calls go on at the same time', async () => {
    const tags = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 'gray' : undefined));
    const answers = await Promise.all(tags.map((tag) => ask(way, tag)));
    expect(answers.map(({ by, tag }) => ({ by, tag }))).toEqual(
      tags.map((tag) => ({ by: tag ?? 'plain', tag })),
    );
  });
});

it('changes of the rules hold for the next call', async () => {
  const change = async (rules: readonly object[]): Promise<void> => {
    const before = middle.lines.filter((line) => line === 'routes changed').length;
    middle.process.stdin?.write(`${JSON.stringify(rules)}\n`);
    await expect
      .poll(() => middle.lines.filter((line) => line === 'routes changed').length)
      .toBe(before + 1);
  };
  await change([{ ...RULE, to: { version: 'gray' }, equals: 'canary', otherwise: 'none' }]);
  expect((await ask('http', 'canary')).by).toBe('gray');
  expect((await ask('http', 'gray')).by).toBe('plain');
  await change([]);
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask('http', 'gray')));
  expect(answers.map(({ by }) => by).toSorted()).toEqual(['gray', 'gray', 'plain', 'plain']);
  await change([RULE]);
  expect((await ask('http', 'gray')).by).toBe('gray');
});
