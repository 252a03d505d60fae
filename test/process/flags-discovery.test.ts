/** What the flags on calls by name do, seen at a dev server and at instances. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startEcho } from '../helpers/echo-server.js';
import { tempFolder } from '../unit/house/temp-folder.js';
import { aFlagScene, effect, eventually, ownLines } from './flags-scene.js';

effect(['discovery.empty_protection'], 'keeps the last instances, or does not', async () => {
  await using scene = await aFlagScene();
  await using client = createClient({ server: scene.dev.address, logger: silentLogger });
  const keeps = await scene.start(['--service-name', 'keeps']);
  const drops = await scene.start(['--service-name', 'drops', '--empty-protection=false']);
  const called = { ip: '127.0.0.1', port: keeps.port };
  await client.naming.register('called', called);
  for (const app of [keeps, drops]) {
    expect((await app.get('/call?http://called/')).text).toBe('answered: hello');
  }
  await client.naming.deregister('called', called);
  await keeps.child.line(/empty protection: calls keep the last 1/);
  await eventually(async () => {
    expect((await drops.get('/call?http://called/')).text).toMatch(/^failed/);
  });
  expect((await keeps.get('/call?http://called/')).text).toBe('answered: hello');
});

effect(['discovery.unused_after'], 'ends what nobody calls, until the next call', async () => {
  await using scene = await aFlagScene();
  const brief = await scene.start(['--service-name', 'brief', '--unused-after', '0.2']);
  const lasting = await scene.start(['--service-name', 'lasting', '--unused-after', '0']);
  await scene.listed('brief');
  await scene.listed('lasting');
  expect((await brief.get('/call?http://lasting/')).text).toBe('answered: hello');
  expect((await lasting.get('/call?http://brief/')).text).toBe('answered: hello');
  await eventually(() => expect(scene.dev.subscribers('lasting')).toEqual([]));
  expect(scene.dev.subscribers('brief')).toHaveLength(1);
  expect((await brief.get('/call?http://lasting/')).text).toBe('answered: hello');
});

effect(
  ['discovery.disk_cache', 'discovery.cache_dir'],
  'lets an app that starts without Nacos call what it has called before',
  async () => {
    await using scene = await aFlagScene();
    using cache = tempFolder({});
    const flags = ['--disk-cache', '--cache-dir', cache.path, '--service-name'];
    const before = await scene.start([...flags, 'before']);
    await scene.listed('before');
    expect((await before.get('/call?http://before/')).text).toBe('answered: hello');
    await eventually(() => expect(readdirSync(cache.path)).toHaveLength(1));

    await scene.dev.faults.refuse(true);
    scene.dev.faults.dropConnections();
    const kept = await scene.start([...flags, 'with']);
    const without = await scene.start(['--no-disk-cache', ...flags.slice(1), 'without']);
    const elsewhere = path.join(cache.path, 'elsewhere');
    const other = await scene.start(['--disk-cache', '--cache-dir', elsewhere]);
    expect((await kept.get('/call?http://before/')).text).toBe('answered: hello');
    for (const app of [without, other]) {
      expect((await app.get('/call?http://before/')).text).toMatch(/^failed/);
      expect(ownLines(app.child).join('\n')).not.toContain('does not answer: until it does');
    }
    await kept.child.line(/does not answer: until it does, calls to \S+@@before use the 1 inst/);
  },
);

effect(
  ['discovery.failover_dir'],
  'goes before what Nacos lists, while it has a file',
  async () => {
    await using scene = await aFlagScene();
    const named = await scene.start(['--service-name', 'named']);
    await scene.listed('named');
    const list = JSON.stringify({ hosts: [{ ip: '127.0.0.1', port: named.port }] });
    const files = { 'lists/nowhere.json': list };
    const app = await scene.start(['--failover-dir', 'lists'], { files });
    expect((await app.get('/call?http://nowhere/')).text).toBe('answered: hello');
    expect((await named.get('/call?http://nowhere/')).text).toMatch(/^failed/);
    rmSync(path.join(app.folder, 'lists', 'nowhere.json'));
    await eventually(async () => {
      expect((await app.get('/call?http://nowhere/')).text).toMatch(/^failed/);
    });
  },
);

effect(['discovery.propagate'], 'hands these headers on, and no others', async () => {
  await using scene = await aFlagScene();
  await using client = createClient({ server: scene.dev.address, logger: silentLogger });
  await using called = await startEcho();
  await client.naming.register('called', { ip: '127.0.0.1', port: called.port });
  const hands = await scene.start(['--service-name', 'hands', '--propagate', 'X-Tag,lane']);
  const keeps = await scene.start(['--service-name', 'keeps']);
  for (const app of [hands, keeps]) await scene.listed(app === hands ? 'hands' : 'keeps');
  const call = async (port: number): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/call?http://called/`, {
      headers: { 'x-tag': 'gray', 'x-other': 'no', baggage: 'lane=7,user=1', connection: 'close' },
    });
    expect(await response.text()).toMatch(/^answered/);
  };
  await call(hands.port);
  expect(called.headers).toMatchObject([
    { host: 'called', 'x-tag': 'gray', lane: '7', baggage: 'x-tag=gray,lane=7' },
  ]);
  await call(keeps.port);
  for (const name of ['x-tag', 'lane', 'baggage']) {
    expect(called.headers[1]).not.toHaveProperty(name);
  }
  expect(called.headers[0]).not.toHaveProperty('x-other');
});
