/** An app whose only calls go over channels of grpc-js to `nacos:///service`, started while Nacos is away, with the options of its process. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, onTestFinished, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { grpcScene } from '../integration/grpc-fixture.js';
import { tempFolder } from '../unit/house/temp-folder.js';

/** Calls once for each line that it is told, and says the answer. */
const APP = `
import { createInterface } from 'node:readline';
import * as grpc from '@grpc/grpc-js';
import { registerResolver } from 'nacos-serving/grpc';

registerResolver(grpc);
const client = new grpc.Client('nacos:///greeter', grpc.credentials.createInsecure());
for await (const word of createInterface({ input: process.stdin })) {
  client.makeUnaryRequest(
    '/test.Greeter/Hello',
    (text) => Buffer.from(text),
    (bytes) => bytes.toString(),
    word,
    { deadline: Date.now() + 10_000 },
    (error, answer) => console.log(error === null ? answer : 'failed: ' + error.details),
  );
}
client.close();
`;

it('calls what was listed at an earlier start, and what an operator lists', async () => {
  using scene = grpcScene();
  const [a, b] = await Promise.all([scene.greeter('A'), scene.greeter('B')]);
  const folder = installedFolder({}, (to) => {
    writeFileSync(path.join(to, 'app.mjs'), APP);
  });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  using cache = tempFolder({});
  using operator = tempFolder({});
  await using dev = await startDevServer({ port: 0 });
  await using nacos = createClient({ server: dev.address, logger: silentLogger });
  await nacos.naming.register('greeter', { ip: '127.0.0.1', port: a });
  const start = (env: Readonly<Record<string, string>>) => {
    const defaults = { NACOS_SERVER: dev.address, NACOS_CACHE_DIR: cache.path };
    const child = startNode(['app.mjs'], { cwd: folder, env: { ...defaults, ...env } });
    const call = async (word: string): Promise<string> => {
      child.process.stdin?.write(`${word}\n`);
      const [line] = await child.line(new RegExp(`^.* to ${word}$|^failed: .*$`));
      return line;
    };
    return { child, call, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
  };
  {
    await using first = start({});
    expect(await first.call('one')).toBe('A to one');
    await vi.waitFor(() => {
      const written = readdirSync(cache.path, { recursive: true, encoding: 'utf8' });
      expect(written.filter((name) => name.endsWith('.json'))).toHaveLength(1);
    });
  }
  await dev.faults.refuse(true);
  dev.faults.dropConnections();

  await using second = start({});
  expect(await second.call('two')).toBe('A to two');
  await second.child.line(/does not answer: until it does, calls to \S+@@greeter use the 1 inst/);

  const list = JSON.stringify({ hosts: [{ ip: '127.0.0.1', port: b }] });
  writeFileSync(path.join(operator.path, 'greeter.json'), list);
  await using third = start({ NACOS_FAILOVER_DIR: operator.path });
  expect(await third.call('three')).toBe('B to three');

  await using without = start({ NACOS_DISK_CACHE: 'false' });
  expect(await without.call('four')).toMatch(/^failed: .*Nacos did not tell the instances/);
});
