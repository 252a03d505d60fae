/** What the flags on config center do: variables for the app at its start, and changes of our own options while it runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { aConfigWriter, type ConfigWriter } from '../helpers/config-writer.js';
import { tempFolder } from '../unit/house/temp-folder.js';
import { aFlagScene, effect, eventually } from './flags-scene.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
/** Prints the variables that its argument names. */
const APP =
  'console.log("env " + JSON.stringify(Object.fromEntries(process.argv.slice(2).map((name) => [name, process.env[name]]))));';

interface Scene {
  readonly dev: DevServer;
  readonly writer: ConfigWriter;
  /** Runs the command line to its end. */
  run(
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly text: string; readonly env: unknown }>;
}

async function aScene(): Promise<Scene> {
  const dev = await startDevServer({ port: 0, logger: silentLogger, configDelayMs: 1 });
  const writer = aConfigWriter(dev.address);
  const folder = await mkdtemp(path.join(tmpdir(), 'flags-config-'));
  await writeFile(path.join(folder, 'app.cjs'), APP);
  onTestFinished(async () => {
    await writer[Symbol.asyncDispose]();
    await dev.close();
    await rm(folder, { recursive: true });
  });
  return {
    dev,
    writer,
    async run(words, env = {}) {
      const child = startNode([CLI, ...words], {
        cwd: folder,
        env: { NACOS_SERVER: dev.address, ...env },
      });
      const { code } = await child.exit();
      const text = child.lines.join('\n');
      const printed = /^env (.*)$/m.exec(text)?.[1];
      return { code, text, env: printed === undefined ? undefined : JSON.parse(printed) };
    },
  };
}

effect(
  ['config.import'],
  'gives the app its values as variables; the environment wins',
  async () => {
    const { writer, run } = await aScene();
    await writer.put(
      'app.yaml',
      'a.b-c: 1\nlist: [x, {y: z}]\non: true\nnone: ~\nhome: ${HOME}/x\nmine: from-nacos\ndb.url: ${db.host:localhost}:5432\n',
    );
    await writer.put('more.properties', 'on=false\n', 'G');
    const names = ['A_B_C', 'LIST_0', 'LIST_1_Y', 'ON', 'NONE', 'HOME', 'MINE', 'DB_URL'];
    const { code, env } = await run(
      [
        '--import-config',
        'app.yaml',
        '--import-config',
        'more.properties?group=G',
        'app.cjs',
        ...names,
      ],
      { MINE: 'given', HOME: '/home/me' },
    );
    expect(code).toBe(0);
    expect(env).toEqual({
      A_B_C: '1',
      LIST_0: 'x',
      LIST_1_Y: 'z',
      ON: 'false',
      HOME: '/home/me',
      MINE: 'given',
      DB_URL: 'localhost:5432',
    });
    // The variable and the file name the same.
    const byVariable = await run(['app.cjs', 'ON'], { NACOS_IMPORT_CONFIG: 'app.yaml' });
    expect(byVariable.env).toEqual({ ON: 'true' });
  },
);

it('a config that has to be there and is not ends the start with its reason; optional: goes on', async () => {
  const { writer, run } = await aScene();
  await writer.put('broken.yaml', 'a: [hunter2');
  await writer.put('good.yaml', 'a: 1');
  const missing = await run(['--import-config', 'nobody.yaml', 'app.cjs', 'A']);
  expect(missing).toMatchObject({ code: 1, env: undefined });
  expect(missing.text).toMatch(
    /^nacos-serving: nacos:nobody\.yaml\?group=DEFAULT_GROUP is missing; publish it, or write optional: in front$/m,
  );
  const broken = await run(['--import-config', 'broken.yaml', 'app.cjs', 'A']);
  expect(broken).toMatchObject({ code: 1, env: undefined });
  expect(broken.text).toContain(
    'broken.yaml?group=DEFAULT_GROUP is broken: not valid YAML at line 1',
  );
  expect(broken.text).not.toContain('hunter2');
  const wrong = await run(['--import-config', 'http://x/y', 'app.cjs', 'A']);
  expect(wrong).toMatchObject({ code: 2, env: undefined });
  expect(wrong.text).toContain('import "http://x/y" (config.import): must be');
  const optional = await run([
    ...['optional:nobody.yaml', 'optional:broken.yaml', 'good.yaml'].flatMap((each) => [
      '--import-config',
      each,
    ]),
    'app.cjs',
    'A',
  ]);
  expect(optional).toMatchObject({ code: 0, env: { A: '1' } });
});

it('a config cannot set what decides which code runs, nor our own options', async () => {
  const { writer, run } = await aScene();
  await writer.put(
    'app.yaml',
    'node: {options: "--require=/nowhere.js", extra: x}\nld.preload: /nowhere.so\nnacos.server: 203.0.113.1:1\n',
  );
  const { code, env } = await run([
    '--import-config',
    'app.yaml',
    'app.cjs',
    'NODE_EXTRA',
    'LD_PRELOAD',
    'NACOS_SERVER',
  ]);
  expect(code).toBe(0);
  expect(env).toMatchObject({ NODE_EXTRA: 'x' });
  expect(env).not.toHaveProperty('LD_PRELOAD');
  expect(JSON.stringify(env)).not.toContain('203.0.113.1');
  const printed = await run(['--print-config', '--import-config', 'app.yaml']);
  expect(printed.text).toMatch(/^NODE_OPTIONS .*a config must not set this variable$/m);
});

it('--print-config and --dry-run show the names with their origin, and no secret', async () => {
  const { writer, run } = await aScene();
  await writer.put(
    'app.yaml',
    'db: {password: hunter2, host: h, url: "pg://u:hunter2@h"}\nmine: 1\n',
  );
  const words = ['--import-config', 'app.yaml'];
  const text = await run(['--print-config', ...words], { MINE: '2' });
  expect(text.code).toBe(0);
  expect(text.text).toMatch(/^DB_HOST +h +nacos:app\.yaml\?group=DEFAULT_GROUP, db\.host$/m);
  expect(text.text).toMatch(/^DB_PASSWORD +\*\*\* +nacos:app\.yaml/m);
  expect(text.text).toMatch(/^MINE .*nacos:app\.yaml.*the environment has it$/m);
  const json = await run(['--print-config=json', ...words]);
  expect(JSON.parse(json.text)).toMatchObject({
    variables: [
      { name: 'DB_HOST', value: 'h', key: 'db.host' },
      { name: 'DB_PASSWORD', value: '***' },
      { name: 'DB_URL', value: 'pg://***@h' },
      { name: 'MINE', value: '1' },
    ],
  });
  const plan = await run(['--dry-run', ...words, '--service-ip', '203.0.113.7', 'app.cjs']);
  expect(plan.text).toMatch(/^variable +DB_PASSWORD +\*\*\*/m);
  for (const one of [text, json, plan]) expect(one.text).not.toContain('hunter2');
});

effect(
  ['config.import_timeout'],
  'is what the start waits for a server that says nothing',
  async () => {
    const { run } = await aScene();
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    // gRPC is 1000 above what is given.
    const port = typeof address === 'object' && address !== null ? address.port - 1000 : 0;
    const words = ['--nacos-server', `127.0.0.1:${String(port)}`, '--import-config', 'app.yaml'];
    await using patient = startNode([CLI, ...words, '--import-timeout', '3600', '--print-config'], {
      cwd: tmpdir(),
    });
    const { code, text } = await run([...words, '--import-timeout', '0.2', 'app.cjs', 'A']);
    expect(code).toBe(1);
    expect(text).toMatch(/^nacos-serving: nacos:app\.yaml\S* cannot be read: /m);
    // It waits for the same server.
    expect(patient.process.exitCode).toBe(null);
    const refused = await run([
      ...['--nacos-server', '127.0.0.1:1', '--import-config', 'app.yaml', '--import-timeout', '1'],
      ...['app.cjs', 'A'],
    ]);
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(
      /^nacos-serving: nacos:app\.yaml\S* cannot be read: .*: cannot reach Nacos at 127\.0\.0\.1:1: .*ECONNREFUSED/m,
    );
  },
);

effect(['config.watch'], 'changes our own options while the process runs', async () => {
  await using scene = await aFlagScene({ configDelayMs: 1 });
  await using writer = aConfigWriter(scene.dev.address);
  await writer.put('serving.yaml', 'service:\n  weight: 2\n  metadata:\n    color: blue\n', 'G');
  const app = await scene.start(
    [
      ...['--service-name', 'orders', '--service-group', 'G', '--settings-from', 'serving.yaml'],
      ...['--health-path', '/health'],
    ],
    { files: { 'nacos.yaml': 'logging:\n  level: warn\n' } },
  );
  const row = () => scene.dev.instances({ name: 'orders', group: 'G' })[0];
  const health = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await app.get('/health')).text) as Record<string, unknown>;
  await eventually(() => expect(row()).toMatchObject({ weight: 2, metadata: { color: 'blue' } }));
  // Calls by name: an address of the developer's own, from the next call on.
  await writer.put(
    'serving.yaml',
    `service:\n  weight: 3\ndiscovery:\n  services:\n    pay:\n      address: 127.0.0.1:${String(app.port)}\n`,
    'G',
  );
  await eventually(() => expect(row()).toMatchObject({ weight: 3 }));
  expect(row()?.metadata).not.toHaveProperty('color');
  await eventually(async () =>
    expect((await app.get('/call?http://pay/')).text).toBe('answered: hello'),
  );
  // What is bad keeps the last good one, and is said everywhere.
  await writer.put('serving.yaml', 'service:\n  weight: 4\n  name: other\n', 'G');
  const said =
    /serving\.yaml\?group=G was refused: service\.name \(serving\.yaml:3:9\) cannot change at run time/;
  await app.child.line(said);
  expect(await health()).toMatchObject({
    ready: true,
    settings: [
      {
        name: 'nacos:serving.yaml?group=G',
        state: 'degraded',
        problem: expect.stringMatching(said) as unknown,
      },
    ],
  });
  const status = await scene.tell(['status']);
  expect(status.text).toMatch(said);
  expect(row()).toMatchObject({ weight: 3 });
  await writer.put('serving.yaml', 'service:\n  weight: 5\nlogging:\n  level: info\n', 'G');
  await app.child.line(/serving\.yaml\?group=G counts now: service\.weight, logging\.level/);
  await eventually(() => expect(row()).toMatchObject({ weight: 5 }));
  expect(await health()).toMatchObject({ settings: [{ state: 'ok' }] });
});

effect(['config.watch'], 'never goes before what the environment gives', async () => {
  await using scene = await aFlagScene({ configDelayMs: 1 });
  await using writer = aConfigWriter(scene.dev.address);
  await writer.put('serving.yaml', 'service:\n  weight: 2\n  metadata:\n    color: blue\n');
  await scene.start(['--service-name', 'orders', '--settings-from', 'serving.yaml'], {
    env: { NACOS_SERVICE_WEIGHT: '7' },
  });
  expect(await scene.listed('orders')).toMatchObject({ weight: 7, metadata: { color: 'blue' } });
});

effect(
  ['discovery.disk_cache', 'discovery.cache_dir', 'config.import'],
  'keep copies of the configs, which count at a start without Nacos',
  async () => {
    const { dev, writer, run } = await aScene();
    await writer.put('app.yaml', 'a: from-nacos\n');
    using cache = tempFolder({});
    const words = ['--import-config', 'app.yaml', 'app.cjs', 'A'];
    const kept = ['--disk-cache', '--cache-dir', cache.path, ...words];
    expect(await run(kept)).toMatchObject({ code: 0, env: { A: 'from-nacos' } });
    await dev.close();
    const cold = await run(kept);
    expect(cold).toMatchObject({ code: 0, env: { A: 'from-nacos' } });
    expect(cold.text).toMatch(/ warn .*DEFAULT_GROUP\/app\.yaml.* the copy on disk is used/);
    const without = await run(['--no-disk-cache', '--cache-dir', cache.path, ...words]);
    expect(without).toMatchObject({ code: 1, env: undefined });
  },
);

effect(
  ['discovery.failover_dir', 'config.import'],
  "an operator's file counts, with Nacos and without",
  async () => {
    const { dev, writer, run } = await aScene();
    await writer.put('app.yaml', 'a: from-nacos\n');
    using folder = tempFolder({ 'public/DEFAULT_GROUP/app.yaml': 'a: from-file\n' });
    const words = ['--failover-dir', folder.path, '--import-config', 'app.yaml', 'app.cjs', 'A'];
    const there = await run(words);
    expect(there).toMatchObject({ code: 0, env: { A: 'from-file' } });
    expect(there.text).toMatch(/ warn .*app\.yaml: counts as config DEFAULT_GROUP\/app\.yaml/);
    await dev.close();
    expect(await run(words)).toMatchObject({ code: 0, env: { A: 'from-file' } });
  },
);

effect(
  ['discovery.disk_cache', 'config.watch'],
  'our own options are those of the copy at a start without Nacos',
  async () => {
    await using scene = await aFlagScene({ configDelayMs: 1 });
    await using writer = aConfigWriter(scene.dev.address);
    await writer.put('serving.yaml', 'service:\n  weight: 2\n');
    using cache = tempFolder({});
    const flags = [
      ...['--service-name', 'orders', '--settings-from', 'serving.yaml'],
      ...['--disk-cache', '--cache-dir', cache.path],
    ];
    const before = await scene.start(flags);
    expect(await scene.listed('orders')).toMatchObject({ weight: 2 });
    await before.child[Symbol.asyncDispose]();
    await scene.dev.close();
    const cold = await scene.start(flags);
    await cold.child.line(/ warn .*DEFAULT_GROUP\/serving\.yaml.* the copy on disk is used/);
    await cold.child.line(/ info .*serving\.yaml\S* counts now: service\.weight/);
    expect((await cold.get('/')).text).toBe('hello');
  },
);
