/** What the flags do that decide which instances calls by name go to. Failed calls: flags-failed-calls.test.ts. */
import { expect } from 'vitest';

import { startInstance } from '../helpers/instance-server.js';
import { aCallsScene, shares, type Answer, type Call } from './flags-calls-scene.js';
import { effect, eventually } from './flags-scene.js';

/** No DNS knows a name that ends like this. */
const NOT_IN_DNS = /ENOTFOUND|EAI_AGAIN/;

effect(
  ['discovery.balancer', 'discovery.hash_key'],
  'keep a path, or what else tells calls apart, on one instance',
  async () => {
    await using scene = await aCallsScene();
    await using one = await startInstance();
    await using two = await startInstance();
    await using three = await startInstance();
    await scene.serve('called', one, two, three);
    const hashes = ['--balancer', 'consistent-hash'];
    const [plain, byPath, byUser] = await Promise.all([
      scene.caller(),
      scene.caller(...hashes),
      scene.caller(...hashes, '--hash-key', 'header:x-user'),
    ]);
    const numbers = Array.from({ length: 30 }, (_, at) => String(at));
    const manyUsers: readonly Call[] = numbers.map((user) => ({
      url: 'http://called/same',
      headers: { 'x-user': user },
    }));
    const manyPaths: readonly Call[] = numbers.map((path) => ({
      url: `http://called/${path}`,
      headers: { 'x-user': 'ann' },
    }));
    const used = (answers: readonly Answer[]): number => {
      const counts = shares(answers, one, two, three);
      expect(counts.reduce((sum, count) => sum + count)).toBe(30);
      return counts.filter((count) => count > 0).length;
    };
    expect(shares(await plain.make(manyUsers), one, two, three)).toEqual([10, 10, 10]);
    expect(shares(await plain.make(manyPaths), one, two, three)).toEqual([10, 10, 10]);
    expect(used(await byPath.make(manyUsers))).toBe(1);
    expect(used(await byPath.make(manyPaths))).toBeGreaterThan(1);
    expect(used(await byUser.make(manyUsers))).toBeGreaterThan(1);
    expect(used(await byUser.make(manyPaths))).toBe(1);
  },
);

effect(
  ['discovery.same_cluster_first', 'discovery.zone'],
  'call those that are near, or all',
  async () => {
    await using scene = await aCallsScene();
    await using eastern = await startInstance();
    await using western = await startInstance();
    await scene.serve(
      'called',
      { ip: eastern.ip, port: eastern.port, cluster: 'EAST', metadata: { zone: 'a' } },
      { ip: western.ip, port: western.port, cluster: 'WEST', metadata: { zone: 'b' } },
    );
    const inEast = ['--service-cluster', 'EAST'];
    const [nowhere, near, far, inZone] = await Promise.all([
      scene.caller(),
      scene.caller(...inEast),
      scene.caller(...inEast, '--same-cluster-first=false'),
      scene.caller('--zone', 'b'),
    ]);
    const calls = async (caller: typeof near): Promise<readonly number[]> =>
      shares(await caller.repeat('http://called/', 6), eastern, western);
    expect(await calls(nowhere)).toEqual([3, 3]);
    expect(await calls(near)).toEqual([6, 0]);
    expect(await calls(far)).toEqual([3, 3]);
    expect(await calls(inZone)).toEqual([0, 6]);
  },
);

effect(['discovery.warm_up'], 'gives a new instance a small share at first', async () => {
  await using scene = await aCallsScene();
  await using old = await startInstance();
  await using fresh = await startInstance();
  await scene.serve('called', old);
  const callers = await Promise.all([scene.caller(), scene.caller('--warm-up', '3600')]);
  for (const caller of callers)
    expect(await caller.repeat('http://called/', 1)).toEqual([old.port]);
  await scene.serve('called', old, fresh);
  const [plain = [], warming = []] = await Promise.all(
    callers.map(async (caller) => {
      await eventually(async () => {
        expect(await caller.repeat('http://called/', 1)).toEqual([fresh.port]);
      });
      return shares(await caller.repeat('http://called/', 44), old, fresh);
    }),
  );
  expect(plain).toEqual([22, 22]);
  // A tenth of the weight of the other: 4 of 44, and one more or less for where in the turn it is.
  const [ofOld = 0, ofFresh = 0] = warming;
  expect(ofOld + ofFresh).toBe(44);
  expect(Math.abs(ofFresh - 4)).toBeLessThanOrEqual(1);
});

effect(['discovery.subset'], 'calls so many of the instances, always the same', async () => {
  await using scene = await aCallsScene();
  await using one = await startInstance();
  await using two = await startInstance();
  await using three = await startInstance();
  await scene.serve('called', one, two, three);
  const [all, some] = await Promise.all([scene.caller(), scene.caller('--subset', '2')]);
  const calls = async (caller: typeof all): Promise<readonly number[]> =>
    shares(await caller.repeat('http://called/', 6), one, two, three);
  expect(await calls(all)).toEqual([2, 2, 2]);
  const first = await calls(some);
  expect(first.toSorted()).toEqual([0, 3, 3]);
  expect(await calls(some)).toEqual(first);
});

effect(
  ['discovery.services'],
  'makes services of dotted names, and of instances that are given',
  async () => {
    await using scene = await aCallsScene();
    await using one = await startInstance();
    await using two = await startInstance();
    await using other = await startInstance();
    await scene.serve('orders.invalid', one);
    await scene.serve('stock', other);
    const instances = { instances: [`${two.ip}:${String(two.port)}`] };
    const services = JSON.stringify({ '*.invalid': {}, given: instances, stock: instances });
    const [plain, told] = await Promise.all([
      scene.caller(),
      scene.caller('--discovery-services', services),
    ]);
    const calls = ['orders.invalid', 'given', 'stock'].map((name) => ({ url: `http://${name}/` }));
    expect(await plain.make(calls)).toEqual([
      expect.stringMatching(NOT_IN_DNS),
      expect.stringMatching(NOT_IN_DNS),
      other.port,
    ]);
    expect(await told.make(calls)).toEqual([one.port, two.port, two.port]);
  },
);

effect(['discovery.empty_protection_time'], 'ends the empty protection', async () => {
  await using scene = await aCallsScene();
  await using one = await startInstance();
  await scene.serve('called', one);
  const [plain, brief] = await Promise.all([
    scene.caller(),
    scene.caller('--empty-protection-time', '0.2'),
  ]);
  const call = async (caller: typeof plain): Promise<Answer | undefined> =>
    (await caller.repeat('http://called/', 1))[0];
  for (const caller of [plain, brief]) expect(await call(caller)).toBe(one.port);
  await scene.remove('called', one);
  await eventually(async () => expect(await call(brief)).toBe('NO_INSTANCE'));
  expect(await call(plain)).toBe(one.port);
});

effect(['discovery.first_list_timeout'], 'bounds the wait of the first call', async () => {
  await using scene = await aCallsScene();
  await using one = await startInstance();
  await scene.serve('called', one);
  // Of every answer: long for the one caller, short for the other and for the connections of both.
  scene.dev.faults.delay(1000);
  const [brief, lasting] = await Promise.all([
    scene.caller('--first-list-timeout', '0.1'),
    scene.caller('--first-list-timeout', '60'),
  ]);
  const answers = await Promise.all([
    brief.repeat('http://called/', 1),
    lasting.repeat('http://called/', 1),
  ]);
  expect(answers).toEqual([[expect.stringMatching(NOT_IN_DNS)], [one.port]]);
});
