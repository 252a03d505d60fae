import { AsyncResource } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';

import type { CreateBalancer } from '../../../../src/discovery/balancer.js';
import { runWithBalancing } from '../../../../src/discovery/balancing-choice.js';
import { createDiscovery, type DiscoveryOptions } from '../../../../src/discovery/discovery.js';
import { silentLogger } from '../../../../src/logger.js';
import type { CallInfo, CallTarget } from '../../../../src/process-hub.js';
import { aCall } from '../../../helpers/a-call.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../../helpers/fake-naming.js';
import { misfit, randomOf } from '../../../helpers/picks.js';

const PORTS = [1, 2, 3, 4, 5];

async function fleet(options: Partial<DiscoveryOptions> = {}) {
  const naming = createFakeNaming();
  const clock = createFakeClock();
  clock.setRandom(randomOf(5));
  const warn = vi.fn<(message: string) => void>();
  const instances = PORTS.map((port) =>
    anInstance({ port, metadata: port === 5 ? { version: 'gray' } : {} }),
  );
  naming.setServices('orders');
  naming.setInstances('orders', ...instances);
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: { ...silentLogger, warn },
    ...options,
  });
  const { calls } = discovery;
  await discovery.resolve('orders');
  const pick = (call: CallInfo = aCall()): CallTarget => {
    const target = calls.pickNow('orders', call);
    if (!target) throw new Error('the list is here');
    return target;
  };
  const end = (target: CallTarget, tookMs = 1): void =>
    calls.settle(target, { outcome: 'answered', status: 200, tookMs });
  /** How many of so many calls, one after the other, went to each port. */
  const counts = (many: number): number[] => {
    const of = new Map(PORTS.map((port) => [port, 0]));
    for (let done = 0; done < many; done += 1) {
      const target = pick();
      of.set(target.port, (of.get(target.port) ?? 0) + 1);
      end(target);
    }
    return [...of.values()];
  };
  return {
    calls,
    discovery,
    pick,
    end,
    counts,
    warn,
    push: () => naming.push('orders', ...instances),
  };
}

describe('a call with a balancing of its own', () => {
  it('goes where its key says, whatever balances the others and whatever else it carries', async () => {
    const { pick, end, counts, push } = await fleet();
    const ports = new Map<string, Set<number>>();
    const callWith = (key: string): void => {
      const target = runWithBalancing({ key }, () =>
        pick(aCall({ path: `/${String(Math.random())}` })),
      );
      ports.set(key, (ports.get(key) ?? new Set()).add(target.port));
      end(target);
    };
    const keys = Array.from({ length: 40 }, (_, at) => `user-${String(at)}`);
    for (const key of [...keys, ...keys, ...keys]) callWith(key);
    push();
    for (const key of keys) callWith(key);

    expect([...ports.values()].map(({ size }) => size)).toEqual(keys.map(() => 1));
    expect(new Set([...ports.values()].flatMap((one) => [...one]))).toEqual(new Set(PORTS));
    expect(counts(50)).toEqual([10, 10, 10, 10, 10]);
  });

  it('goes to the same instance by its key as by the hash key of a service', async () => {
    const named = await fleet({ balancer: 'consistent-hash', hashKey: 'header:x-user' });
    const keyed = await fleet();
    for (const user of ['ann', 'bob', 'eve', 'joe']) {
      const byHeader = named.pick(aCall({ headers: { 'x-user': user } }));
      expect(runWithBalancing({ key: user }, () => keyed.pick()).port).toBe(byHeader.port);
    }
  });

  it('uses the hash key of its service when it asks for hashing without a key', async () => {
    const { pick, end } = await fleet({ hashKey: 'header:x-user' });
    const call = aCall({ headers: { 'x-user': 'ann' } });
    const ports = Array.from({ length: 10 }, () => {
      const target = runWithBalancing({ balancer: 'consistent-hash' }, () => pick(call));
      end(target);
      return target.port;
    });
    expect(new Set(ports).size).toBe(1);
  });

  it('goes on by it after a failure, wherever that is heard of', async () => {
    const { calls, pick } = await fleet();
    const outside = new AsyncResource('elsewhere');
    const second = (): number | undefined => {
      const info = aCall();
      const first = runWithBalancing({ key: 'ann' }, () => pick(info));
      const next = outside.runInAsyncScope(() =>
        calls.nextAttempt({
          name: 'orders',
          info,
          tried: [first],
          outcome: 'unsent',
          elapsedMs: 1,
        }),
      );
      calls.settle(first, { outcome: 'abandoned', tookMs: 1 });
      if (next !== undefined) calls.settle(next.target, { outcome: 'abandoned', tookMs: 1 });
      return next?.target.port;
    };
    const ports = Array.from({ length: 20 }, second);
    expect(new Set(ports).size).toBe(1);
    expect(ports[0]).toBeGreaterThan(0);
  });

  it('is heard by what it chose, which hears of the other calls as well', async () => {
    const { pick, end, counts } = await fleet();
    const byLoad = <T>(run: () => T): T => runWithBalancing({ balancer: 'least-active' }, run);
    const held = [1, 2, 3, 4].map(() => pick());
    const free = PORTS.find((port) => held.every((target) => target.port !== port));
    expect(byLoad(() => pick()).port).toBe(free);
    held.forEach((target) => end(target));

    const bySpeed = <T>(run: () => T): T => runWithBalancing({ balancer: 'p2c' }, run);
    bySpeed(() => end(pick()));
    // Ordinary calls: port 1 is slow, which is for those that ask for speed to know.
    for (let done = 0; done < 100; done += 1) {
      const target = pick();
      end(target, target.port === 1 ? 500 : 5);
    }
    const [slow = 0, ...fast] = bySpeed(() => counts(500));
    expect(slow).toBeLessThan(Math.min(...fast) / 3);
  });

  it('takes weighted random and functions of code, each with one state for a list', async () => {
    const { counts, pick, end } = await fleet();
    expect(
      misfit(
        runWithBalancing({ balancer: 'weighted-random' }, () => counts(5000)),
        [1, 1, 1, 1, 1],
      ),
    ).toBeLessThan(1);

    const made = vi.fn<CreateBalancer>(() => ({ pick: () => 2, pickExcept: () => 3 }));
    for (let done = 0; done < 3; done += 1) {
      const target = runWithBalancing({ balancer: made }, () => pick());
      expect(target.port).toBe(3);
      end(target);
    }
    expect(made).toHaveBeenCalledTimes(1);
  });

  it('is not broken by a function that fails', async () => {
    const { pick, warn } = await fleet();
    const balancer: CreateBalancer = () => {
      throw new Error('out of order');
    };
    expect(PORTS).toContain(runWithBalancing({ balancer }, () => pick()).port);
    expect(PORTS).toContain(runWithBalancing({ balancer }, () => pick()).port);
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining('out of order'),
    ]);
  });

  it('keeps to its routes, and calls beside it know nothing of it', async () => {
    const { discovery, pick, end } = await fleet();
    discovery.setRoutes('orders', [
      { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'unlabelled' },
    ]);
    const tagged = aCall({ headers: { 'x-tag': 'gray' } });
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(runWithBalancing({ key }, () => pick(tagged)).port).toBe(5);
      expect(runWithBalancing({ key }, () => pick()).port).not.toBe(5);
    }
    const portOf = (target: CallTarget): number => {
      end(target);
      return target.port;
    };
    const beside = await Promise.all([
      runWithBalancing({ key: 'a' }, async () => {
        await Promise.resolve();
        return [1, 2, 3].map(() => portOf(pick()));
      }),
      Promise.resolve().then(() => [1, 2, 3, 4].map(() => portOf(pick()))),
    ]);
    expect(beside.map((ports) => new Set(ports).size)).toEqual([1, 4]);
  });
});

describe('pick and resolve', () => {
  it('take a balancer, a key, and what routes and hash keys read', async () => {
    const { discovery } = await fleet({ hashKey: 'header:x-user' });
    discovery.setRoutes('orders', [
      { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'unlabelled' },
    ]);
    const byKey = discovery.pick('orders', { key: 'ann' })?.port;
    const again = [1, 2, 3].map(() => discovery.pick('orders', { key: 'ann' })?.port);
    expect(again).toEqual([byKey, byKey, byKey]);
    expect((await discovery.resolve('orders', { key: 'ann' })).port).toBe(byKey);
    expect(
      discovery.pick('orders', { balancer: 'consistent-hash', headers: { 'X-User': 'ann' } })?.port,
    ).toBe(byKey);
    expect(discovery.pick('orders', { headers: { 'x-tag': 'gray' } })?.port).toBe(5);
    expect(runWithBalancing({ key: 'ann' }, () => discovery.pick('orders'))?.port).toBe(byKey);
  });

  it('reach by path what the path is the key of', async () => {
    const { discovery } = await fleet({ balancer: 'consistent-hash' });
    const ports = (path: string) => [1, 2, 3].map(() => discovery.pick('orders', { path })?.port);
    expect(new Set(ports('/a')).size).toBe(1);
    const paths = Array.from({ length: 30 }, (_, at) => ports(`/${String(at)}`)[0]);
    expect(new Set(paths)).toEqual(new Set(PORTS));
  });
});

describe('a wrong choice', () => {
  it.each<[unknown, string]>([
    [{ balancer: 'p2' }, 'balancing.balancer = "p2" (code): must be one of'],
    [{ key: '' }, 'balancing.key'],
    [{ key: 7 }, 'balancing.key = 7 (code): must be a text'],
    [{ keys: 'a' }, 'key'],
    [{}, 'must be an object with balancer, key or both'],
    ['p2c', 'must be an object'],
  ])('%j is one clear error', (choice, message) => {
    const run = (): unknown => runWithBalancing(choice as { key: string }, () => 1);
    expect(run).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/OPTION/),
        message: expect.stringContaining(message),
      }),
    );
  });

  it('is refused by pick and resolve as well', async () => {
    const { discovery } = await fleet();
    expect(() => discovery.pick('orders', { balancer: 'x' as 'p2c' })).toThrow(/balancer = "x"/);
    await expect(discovery.resolve('orders', { key: '' })).rejects.toThrow(/key/);
  });
});
