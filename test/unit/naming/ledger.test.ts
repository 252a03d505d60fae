import { describe, expect, it } from 'vitest';

import { aRegistry } from '../../helpers/fake-registry.js';
import { settle } from '../../helpers/fake-clock.js';
import { errorResponse, typedFailure } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

const IP = '10.1.1.1';
const at = (port: number) => ({ ip: IP, port });
const SINGLE = 'InstanceRequest';
const BATCH = 'BatchInstanceRequest';

async function aLedger(kind: 'replacing' | 'adding' = 'replacing') {
  const fixture = aSession();
  const registry = aRegistry(fixture.server, kind);
  fixture.session.start();
  await fixture.clock.advance(500);
  return { ...fixture, registry };
}

describe('a wish to be registered', () => {
  it('is confirmed by the server', async () => {
    const { naming, registry, server } = await aLedger();
    await naming.register('orders', { ...at(80), weight: 2, metadata: { version: '1' } });
    expect(registry.instances('orders')).toEqual([
      {
        ...at(80),
        weight: 2,
        healthy: true,
        enabled: true,
        ephemeral: true,
        clusterName: 'DEFAULT',
        metadata: { version: '1' },
      },
    ]);
    expect(server.last.unarySent.at(-1)?.body).toMatchObject({
      namespace: 'public',
      groupName: 'DEFAULT_GROUP',
      serviceName: 'orders',
      type: 'registerInstance',
    });
  });

  it('trap 20: is written down before its first request, which may fail', async () => {
    const { naming, registry, server, clock } = await aLedger();
    server.answers.set(SINGLE, () => 'hang');
    const registered = outcomeOf(naming.register('orders', at(80)));
    await settle();
    server.answers.set(SINGLE, registry.carryOut);
    server.last.drop();
    await clock.advance(200);
    expect(registered.state).toBe('resolved');
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('trap 20: is carried out when the first connection comes, after the caller gave up', async () => {
    const { naming, server, session, clock } = aSession();
    const registry = aRegistry(server, 'replacing');
    server.reachable = false;
    const registered = outcomeOf(naming.register('orders', at(80)));
    expect(session.state).toBe('connecting');
    await clock.advance(9999);
    expect(registered.state).toBe('pending');
    await clock.advance(1);
    expect(registered.error).toMatchObject({ code: 'REQUEST_TIMEOUT' });
    expect(clock.holding).toBe(0);
    server.reachable = true;
    await clock.advance(5000);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('ends its wait by a signal and stays a wish', async () => {
    const { naming, server, clock } = aSession();
    const registry = aRegistry(server, 'replacing');
    server.reachable = false;
    const control = new AbortController();
    const registered = outcomeOf(naming.register('orders', at(80), { signal: control.signal }));
    const reason = new Error('no patience');
    control.abort(reason);
    await settle();
    expect(registered.error).toBe(reason);
    server.reachable = true;
    await clock.advance(1000);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('is replayed at once on every new connection', async () => {
    const { naming, registry, server, clock } = await aLedger();
    for (const name of ['a', 'b', 'c']) await naming.register(name, at(80));
    await clock.advance(60_000);
    server.last.drop();
    await settle();
    for (const name of ['a', 'b', 'c']) expect(registry.rows(name)).toEqual([`${IP}:80`]);
    expect(server.last.sentTypes()).toEqual([SINGLE, SINGLE, SINGLE]);
  });

  it('is repeated every 3 s until it is confirmed, and said once in the log', async () => {
    const { naming, registry, server, clock, log } = await aLedger();
    const times: number[] = [];
    server.answers.set(SINGLE, () => {
      times.push(clock.nowMs());
      return typedFailure(503, 'Tps Flow restricted');
    });
    const registered = outcomeOf(naming.register('orders', at(80), { timeoutMs: 60_000 }));
    await clock.advance(9500);
    expect(times.map((atMs) => atMs - (times[0] ?? 0))).toEqual([0, 3000, 6000, 9000]);
    expect(registered.state).toBe('pending');
    server.answers.set(SINGLE, registry.carryOut);
    await clock.advance(3000);
    expect(registered.state).toBe('resolved');
    await clock.advance(30_000);
    expect(server.last.countOf(SINGLE)).toBe(5);
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(1);
  });

  it('goes out again at once when its request failed with a connection that is gone', async () => {
    const { naming, registry, server, clock } = await aLedger();
    server.answers.set(SINGLE, () => 'hang');
    const registered = outcomeOf(naming.register('orders', at(80)));
    // 2.95 s of 3 are over when the connection breaks: too late to send the request once more.
    await clock.advance(2950);
    server.answers.set(SINGLE, registry.carryOut);
    server.last.drop();
    await clock.advance(200);
    expect(registered.state).toBe('resolved');
  });

  it('is taken back when the server refuses it for good', async () => {
    const { naming, server, clock } = await aLedger();
    server.answers.set(SINGLE, () => typedFailure(400, 'Param check invalid'));
    await expect(naming.register('orders', at(80))).rejects.toMatchObject({
      code: 'SERVER_REJECTED',
      message: expect.stringContaining('Param check invalid') as string,
    });
    await clock.advance(60_000);
    expect(server.last.countOf(SINGLE)).toBe(1);
    server.last.drop();
    await clock.advance(1000);
    expect(server.last.countOf(SINGLE)).toBe(0);
  });

  it('that was confirmed before stays a wish when the server refuses it later', async () => {
    const { naming, registry, server, clock, log } = await aLedger();
    await naming.register('orders', at(80));
    server.answers.set(SINGLE, () => typedFailure(403, 'token expired'));
    await clock.advance(10_000);
    server.last.drop();
    await clock.advance(10_000);
    expect(registry.rows('orders')).toEqual([]);
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(1);
    server.answers.set(SINGLE, registry.carryOut);
    await clock.advance(3000);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('does not drag others of its service down when it is refused', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', at(80));
    server.answers.set(BATCH, () => typedFailure(400, 'bad one'));
    await expect(naming.register('orders', at(81))).rejects.toMatchObject({
      code: 'SERVER_REJECTED',
    });
    await clock.advance(10_000);
    server.last.drop();
    await clock.advance(1000);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('goes back to what was confirmed when an update of it is refused', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', { ...at(80), weight: 1 });
    server.answers.set(SINGLE, (request, connection) => {
      const { weight } = request.body['instance'] as { weight: number };
      return weight === 1 ? registry.carryOut(request, connection) : typedFailure(400);
    });
    await expect(naming.register('orders', { ...at(80), weight: 5 })).rejects.toThrow();
    await clock.advance(10_000);
    server.last.drop();
    await clock.advance(1000);
    expect(registry.instances('orders')).toMatchObject([{ weight: 1 }]);
  });

  it('that is refused does not take a later one with it', async () => {
    const { naming, registry, server, clock } = await aLedger();
    server.answers.set(SINGLE, async (request, connection) => {
      await new Promise<void>((resolve) => clock.after(100, resolve));
      const { port } = request.body['instance'] as { port: number };
      return port === 80 ? typedFailure(400) : registry.carryOut(request, connection);
    });
    const first = outcomeOf(naming.register('orders', at(80)));
    await settle();
    const second = outcomeOf(naming.register('orders', at(81)));
    await clock.advance(500);
    expect(first.error).toMatchObject({ code: 'SERVER_REJECTED' });
    expect(second.state).toBe('resolved');
    expect(registry.rows('orders')).toEqual([`${IP}:81`]);
  });

  it('survives an answer that makes no sense', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', at(80));
    await clock.advance(10_000);
    server.answers.set(SINGLE, () => ({ type: 'HelloResponse', body: {} }));
    server.last.drop();
    await clock.advance(1000);
    server.answers.set(SINGLE, registry.carryOut);
    await clock.advance(3000);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });
});

describe('changes of a wish', () => {
  it('made while a request is under way go out together after it', async () => {
    const { naming, registry, server, clock } = await aLedger();
    let under = 0;
    let most = 0;
    const slow: typeof registry.carryOut = (request, connection) =>
      registry.carryOut(request, connection);
    for (const type of [SINGLE, BATCH]) {
      server.answers.set(type, async (request, connection) => {
        under += 1;
        most = Math.max(most, under);
        await new Promise<void>((resolve) => clock.after(100, resolve));
        under -= 1;
        return slow(request, connection);
      });
    }
    const calls = [naming.register('orders', at(80))];
    await settle();
    for (let port = 81; port < 90; port += 1) calls.push(naming.register('orders', at(port)));
    calls.push(naming.deregister('orders', at(85)));
    await clock.advance(1000);
    await Promise.all(calls);
    expect(most).toBe(1);
    expect(server.last.sentTypes()).toEqual([SINGLE, BATCH]);
    expect(registry.rows('orders')).toHaveLength(9);
  });

  it.each(['replacing', 'adding'] as const)(
    'update an instance that is there (%s server)',
    async (kind) => {
      const { naming, registry } = await aLedger(kind);
      const changes = [
        { weight: 7, metadata: { color: 'blue' } },
        { weight: 0, metadata: { color: 'green' } },
        { weight: 1, metadata: {} },
        { weight: 1, enabled: false },
        { weight: 1, enabled: true },
        { weight: 0.5, metadata: {} },
      ];
      for (const change of changes) {
        await naming.register('orders', { ...at(80), ...change });
        expect(registry.instances('orders')).toMatchObject([change]);
      }
      await naming.registerBatch('orders', [at(80), { ...at(81), weight: 3 }]);
      expect(registry.instances('orders')).toMatchObject([{ weight: 1 }, { weight: 3 }]);
    },
  );

  it('of a weight alone leave no moment without the instance on a server that adds', async () => {
    const { naming, server } = await aLedger('adding');
    for (const weight of [2, 3, 0]) await naming.register('orders', { ...at(80), weight });
    const types = server.last.unarySent.map((sent) => sent.body['type']).filter(Boolean);
    expect(types).toEqual(['registerInstance', 'registerInstance', 'registerInstance']);
  });

  it.each(['replacing', 'adding'] as const)(
    'move an instance to another cluster (%s server)',
    async (kind) => {
      const { naming, registry } = await aLedger(kind);
      await naming.register('orders', at(80));
      await naming.register('orders', { ...at(80), cluster: 'east' });
      expect(registry.instances('orders')).toMatchObject([{ port: 80, clusterName: 'east' }]);
      await naming.deregister('orders', at(80));
      expect(registry.instances('orders')).toEqual([]);
    },
  );

  it('trap 10: send several instances as a batch, and a smaller batch to take one out', async () => {
    const { naming, registry, server } = await aLedger();
    await naming.register('orders', at(80));
    await naming.register('orders', at(81));
    await naming.register('orders', at(82));
    expect(registry.rows('orders')).toEqual([80, 81, 82].map((port) => `${IP}:${String(port)}`));
    await naming.deregister('orders', at(81));
    expect(registry.rows('orders')).toEqual([`${IP}:80`, `${IP}:82`]);
    await naming.deregister('orders', at(80));
    expect(registry.rows('orders')).toEqual([`${IP}:82`]);
    await naming.deregister('orders', at(82));
    expect(registry.rows('orders')).toEqual([]);
    expect(server.last.sentTypes()).toEqual([SINGLE, BATCH, BATCH, BATCH, SINGLE, SINGLE]);
    expect(server.last.unarySent.at(-1)?.body['type']).toBe('deregisterInstance');
  });

  it('trap 10: tell a server that adds of every instance that goes', async () => {
    const { naming, registry, server } = await aLedger('adding');
    await naming.registerBatch('orders', [at(80), at(81), at(82)]);
    await naming.registerBatch('orders', [at(82), at(83)]);
    expect(registry.rows('orders')).toEqual([`${IP}:82`, `${IP}:83`]);
    await naming.registerBatch('orders', []);
    expect(registry.rows('orders')).toEqual([]);
    const gone = server.last.unarySent.filter((s) => s.body['type'] === 'deregisterInstance');
    expect(gone).toHaveLength(4);
  });

  it('with two services do not wait for each other', async () => {
    const { naming, registry, server, clock } = await aLedger();
    server.answers.set(SINGLE, (request, connection) =>
      request.body['serviceName'] === 'slow' ? 'hang' : registry.carryOut(request, connection),
    );
    void naming.register('slow', at(80)).catch(() => undefined);
    await naming.register('quick', at(80));
    expect(registry.rows('quick')).toHaveLength(1);
    await clock.advance(10_000);
  });

  it('keep groups apart', async () => {
    const { naming, server } = await aLedger();
    await naming.register({ name: 'orders', group: 'A' }, at(80));
    await naming.register({ name: 'orders', group: 'B' }, at(81));
    expect(server.last.sentTypes()).toEqual([SINGLE, SINGLE]);
  });

  it('that come by the hundred while Nacos is away leave one request and few waits', async () => {
    const { naming, server, clock } = aSession();
    const registry = aRegistry(server, 'replacing');
    server.reachable = false;
    const calls = Array.from({ length: 300 }, (_, i) =>
      outcomeOf(naming.register('orders', { ...at(80), weight: i })),
    );
    await clock.advance(1000);
    server.reachable = true;
    await clock.advance(1000);
    expect(calls.every((call) => call.state === 'resolved')).toBe(true);
    expect(server.last.sentTypes()).toEqual([SINGLE]);
    expect(registry.instances('orders')).toMatchObject([{ weight: 299 }]);
  });
});

describe('many wishes', () => {
  it('are replayed with at most 64 requests under way', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => naming.register(`s${String(i)}`, at(80))),
    );
    let under = 0;
    let most = 0;
    server.answers.set(SINGLE, async (request, connection) => {
      under += 1;
      most = Math.max(most, under);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      under -= 1;
      return registry.carryOut(request, connection);
    });
    await clock.advance(10_000);
    server.last.drop();
    await clock.advance(500);
    expect(most).toBe(64);
    for (let i = 0; i < 500; i += 1) expect(registry.rows(`s${String(i)}`)).toHaveLength(1);
    expect(server.last.countOf(SINGLE)).toBe(500);
  });

  it('cost one warning each in an outage at most, and none for a lost connection', async () => {
    const { naming, server, clock, log } = await aLedger();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => naming.register(`s${String(i)}`, at(80))),
    );
    server.reachable = false;
    server.last.drop();
    await clock.advance(60_000);
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(1);
    server.answers.set(SINGLE, () => errorResponse(500));
    server.reachable = true;
    await clock.advance(60_000);
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(21);
  });
});

describe('closing', () => {
  it('ends every wait for a confirmation and leaves no timer', async () => {
    const { naming, server, clock, close } = await aLedger();
    server.answers.set(SINGLE, () => 'hang');
    const waits = ['a', 'b'].map((name) => outcomeOf(naming.register(name, at(80))));
    await settle();
    await close();
    await settle();
    for (const wait of waits) expect(wait.error).toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
    await expect(naming.register('c', at(80))).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(naming.deregister('a', at(80))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('stops the pause before the next try', async () => {
    const { naming, server, clock, close } = await aLedger();
    server.answers.set(SINGLE, () => typedFailure(503));
    const wait = outcomeOf(naming.register('a', at(80)));
    await clock.advance(100);
    await close();
    await settle();
    expect(wait.state).toBe('rejected');
    expect(clock.pending).toBe(0);
  });

  it('takes what was registered off the server', async () => {
    const { naming, registry, close } = await aLedger();
    await naming.register('orders', at(80));
    await close();
    expect(registry.rows('orders')).toEqual([]);
  });

  it('is not needed for a process to end: only waits of callers hold it', async () => {
    const { naming, server, clock } = await aReadySession();
    aRegistry(server, 'replacing');
    await naming.register('orders', at(80));
    naming.subscribe('orders');
    await clock.advance(7000);
    expect(clock.pending).toBeGreaterThan(0);
    expect(clock.holding).toBe(0);
  });
});
