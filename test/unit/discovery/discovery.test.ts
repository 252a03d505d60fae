import { describe, expect, it } from 'vitest';

import { A_CALL } from '../../helpers/a-call.js';
import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { AuthError, ConnectionError } from '../../../src/errors.js';
import { silentLogger, type Logger } from '../../../src/logger.js';
import type { CallTarget } from '../../../src/process-hub.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup(options: Partial<DiscoveryOptions> = {}) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    ...options,
  });
  return { clock, naming, discovery, calls: discovery.calls };
}

/** With one service that answers at once. */
function withOrders(options: Partial<DiscoveryOptions> = {}) {
  const parts = setup(options);
  parts.naming.setServices('orders');
  parts.naming.setInstances('orders', anInstance({ port: 1 }), anInstance({ port: 2 }));
  return parts;
}

const ports = (targets: readonly (CallTarget | null | undefined)[]) =>
  targets.map((target) => target?.port);

describe('a call by name', () => {
  it('waits for the list once and is answered at once from then on', async () => {
    const { calls, naming } = withOrders();

    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    const first = await calls.resolve('orders', A_CALL);
    const later = [calls.pickNow('orders', A_CALL), calls.pickNow('orders', A_CALL)];

    expect(first).toMatchObject({ service: 'orders', ip: '10.0.0.1', secure: false });
    expect(new Set(ports(later))).toEqual(new Set([1, 2]));
    expect(naming.subscribed).toEqual(['orders']);
    expect(naming.listCalls).toEqual([1]);
  });

  it('subscribes once for calls that come at the same time', async () => {
    const { calls, naming } = withOrders();
    await Promise.all([
      calls.resolve('orders', A_CALL),
      calls.resolve('orders', A_CALL),
      calls.resolve('ORDERS', A_CALL),
    ]);
    expect(naming.subscribed).toEqual(['orders']);
    expect(naming.listCalls).toEqual([1]);
  });

  it('reads an instance that wants TLS from its metadata', async () => {
    const { calls, naming } = setup();
    naming.setServices('pay');
    naming.setInstances('pay', anInstance({ metadata: { secure: 'TRUE' } }));
    await expect(calls.resolve('pay', A_CALL)).resolves.toMatchObject({ secure: true });
  });

  it('uses a pushed list for the very next call', async () => {
    const { calls, naming } = withOrders();
    await calls.resolve('orders', A_CALL);
    naming.push('orders', anInstance({ port: 9 }), anInstance({ port: 1, enabled: false }));
    expect(ports([calls.pickNow('orders', A_CALL), calls.pickNow('orders', A_CALL)])).toEqual([
      9, 9,
    ]);
  });

  it('never picks what is unhealthy, disabled or weightless, on the first list and on pushes', async () => {
    const { calls, naming } = setup();
    const mixed = [
      anInstance({ port: 1, healthy: false }),
      anInstance({ port: 2, enabled: false }),
      anInstance({ port: 3, weight: 0 }),
      anInstance({ port: 4, weight: 0.5 }),
    ];
    naming.setServices('orders');
    naming.setInstances('orders', ...mixed);

    const first = await calls.resolve('orders', A_CALL);
    naming.push('orders', ...mixed, anInstance({ port: 5, healthy: false }));

    expect(
      ports([first, calls.pickNow('orders', A_CALL), calls.pickNow('orders', A_CALL)]),
    ).toEqual([4, 4, 4]);
  });

  it('reads a long list of services page by page', async () => {
    const { calls, naming } = withOrders();
    naming.setServices(...Array.from({ length: 1200 }, (_, at) => `s${String(at)}`), 'orders');
    await calls.resolve('orders', A_CALL);
    expect(naming.listCalls).toEqual([1, 2, 3]);
  });

  it('ends the wait of one caller by its signal and leaves the others waiting', async () => {
    const { calls, naming } = withOrders();
    const release = naming.holdList();
    const stop = new AbortController();
    const stopped = calls.resolve('orders', A_CALL, stop.signal);
    const other = calls.resolve('orders', A_CALL);

    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    release();
    await expect(other).resolves.toMatchObject({ service: 'orders' });
  });
});

describe('names', () => {
  it.each(['127.0.0.1', '2130706433', 'localhost', 'demo.api', '::1', 'orders:80', ''])(
    'leaves %j alone without asking anybody',
    async (name) => {
      const { calls, naming } = withOrders();
      expect(calls.pickNow(name, A_CALL)).toBeNull();
      await expect(calls.resolve(name, A_CALL)).resolves.toBeNull();
      expect(naming.listCalls).toEqual([]);
    },
  );

  it('finds a service whose case a URL has lost', async () => {
    const { calls, naming } = setup();
    naming.setServices('Order-Service');
    naming.setInstances('Order-Service', anInstance());
    await expect(calls.resolve('order-service', A_CALL)).resolves.toMatchObject({
      service: 'Order-Service',
    });
    expect(calls.pickNow('order-service', A_CALL)).toMatchObject({ service: 'Order-Service' });
    expect(naming.subscribed).toEqual(['Order-Service']);
  });

  it('finds a name in another script by what a URL makes of it', async () => {
    const { calls, naming } = setup();
    naming.setServices('Café');
    naming.setInstances('Café', anInstance());
    const { hostname } = new URL('http://Café/');
    await expect(calls.resolve(hostname, A_CALL)).resolves.toMatchObject({ service: 'Café' });
  });

  it('prefers the exact name over one that differs in case', async () => {
    const { calls, naming } = setup();
    naming.setServices('Orders', 'orders', 'ORDERS');
    for (const name of ['Orders', 'orders', 'ORDERS']) naming.setInstances(name, anInstance());
    for (const name of ['orders', 'Orders', 'ORDERS']) {
      await expect(calls.resolve(name, A_CALL)).resolves.toMatchObject({ service: name });
    }
  });

  it('refuses a name that may mean two services, and says which', async () => {
    const { calls, naming } = setup();
    naming.setServices('Orders', 'ORDERS');
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({
      code: 'AMBIGUOUS_SERVICE_NAME',
      message: expect.stringContaining('Orders or ORDERS') as string,
    });
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    expect(naming.subscribed).toEqual([]);
  });

  it('notices within 10 s that a name found without case has got a namesake', async () => {
    const { calls, naming, clock } = setup();
    naming.setServices('Orders');
    naming.setInstances('Orders', anInstance());
    await calls.resolve('orders', A_CALL);

    naming.setServices('Orders', 'orders');
    naming.setInstances('orders', anInstance({ port: 7 }));
    await clock.advance(10_000);
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'Orders' });
    await settle();

    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({
      service: 'orders',
      port: 7,
    });
  });

  it('remembers for 10 s that a name is unknown, then asks again and finds it', async () => {
    const { calls, naming, clock } = withOrders();
    await expect(calls.resolve('stock', A_CALL)).resolves.toBeNull();
    naming.setServices('orders', 'stock');
    naming.setInstances('stock', anInstance());

    await clock.advance(9_999);
    expect(calls.pickNow('stock', A_CALL)).toBeNull();
    expect(naming.listCalls).toEqual([1]);

    await clock.advance(1);
    expect(calls.pickNow('stock', A_CALL)).toBeUndefined();
    await expect(calls.resolve('stock', A_CALL)).resolves.toMatchObject({ service: 'stock' });
  });

  it('asks the registry once in 10 s, however many unknown names are called', async () => {
    const { calls, naming } = withOrders();
    for (let at = 0; at < 50; at += 1) await calls.resolve(`host${String(at)}`, A_CALL);
    expect(naming.listCalls).toEqual([1]);
    expect(naming.subscribed).toEqual([]);
  });

  it('keeps a bounded number of names', async () => {
    const { calls, naming } = withOrders();
    await calls.resolve('orders', A_CALL);
    for (let at = 0; at < 5000; at += 1) await calls.resolve(`host${String(at)}`, A_CALL);
    // The oldest were forgotten, and are found again without a second subscription.
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
    expect(naming.subscribed).toEqual(['orders']);
  });
});

describe('Nacos away', () => {
  it('leaves names never seen to DNS at once', async () => {
    const { calls, naming } = withOrders();
    naming.setState('backoff');
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    expect(naming.listCalls).toEqual([]);
  });

  it('stops waiting when the connection fails', async () => {
    const { calls, naming } = withOrders();
    naming.setState('connecting');
    naming.holdList();
    const call = calls.resolve('orders', A_CALL);
    await settle();
    naming.setState('backoff');
    await expect(call).resolves.toBeNull();
    // Trying again is no reason to wait again.
    naming.setState('connecting');
    await expect(calls.resolve('stock', A_CALL)).resolves.toBeNull();
  });

  it('waits at most 3 s for the first answer, and later calls not at all', async () => {
    const { calls, naming, clock } = withOrders();
    naming.setState('connecting');
    naming.holdList();
    let answer: unknown = 'waiting';
    void calls.resolve('orders', A_CALL).then((target) => {
      answer = target;
    });
    await clock.advance(2_999);
    expect(answer).toBe('waiting');
    await clock.advance(1);
    expect(answer).toBeNull();
    expect(calls.pickNow('orders', A_CALL)).toBeNull();
    await expect(calls.resolve('stock', A_CALL)).resolves.toBeNull();
  });

  it('finds services as soon as the connection is there', async () => {
    const { calls, naming } = withOrders();
    naming.setState('backoff');
    await calls.resolve('orders', A_CALL);
    expect(calls.pickNow('orders', A_CALL)).toBeNull();
    naming.setState('ready');
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
  });

  it('does not keep a failed reading of the list over a reconnect', async () => {
    const { calls, naming } = withOrders();
    naming.failList(new ConnectionError('CONNECTION_LOST', 'gone'));
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    naming.failList(undefined);
    naming.setState('backoff');
    naming.setState('ready');
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
  });

  it('goes on with the lists it has', async () => {
    const { calls, naming } = withOrders();
    await calls.resolve('orders', A_CALL);
    naming.setState('backoff');
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'orders' });
    // Another spelling of a service that is followed needs no question.
    await expect(calls.resolve('Orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
  });

  it('leaves a service to DNS while its first list is late, and takes it over when it comes', async () => {
    const { calls, naming, clock } = setup();
    naming.setServices('orders');
    let answer: unknown = 'waiting';
    void calls.resolve('orders', A_CALL).then((target) => {
      answer = target;
    });
    await clock.advance(3_000);
    expect(answer).toBeNull();
    expect(calls.pickNow('orders', A_CALL)).toBeNull();

    naming.push('orders', anInstance());
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'orders' });
  });
});

describe('a registry that does not give the list of services', () => {
  it('finds a service by subscribing to its exact name', async () => {
    const { calls, naming } = withOrders();
    naming.failList(new AuthError('no'));
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'orders' });
  });

  it('closes the subscription of a name that turned out to be no service', async () => {
    const { calls, naming } = withOrders();
    naming.failList(new AuthError('no'));
    naming.setInstances('redis');
    await expect(calls.resolve('redis', A_CALL)).resolves.toBeNull();
    expect(calls.pickNow('redis', A_CALL)).toBeNull();
    await settle();
    expect(naming.subscribed).toEqual([]);
  });

  it('keeps one subscription when the same name is tried twice at a time', async () => {
    const { calls, discovery, naming } = withOrders();
    naming.failList(new AuthError('no'));
    await Promise.all([calls.resolve('orders', A_CALL), discovery.resolve('orders')]);
    expect(naming.subscribed).toEqual(['orders']);
  });
});

describe('nothing to call', () => {
  it('says how many instances there are and why none may be called', async () => {
    const { calls, naming } = setup();
    naming.setServices('orders');
    naming.setInstances(
      'orders',
      anInstance({ port: 1, healthy: false }),
      anInstance({ port: 2, healthy: false, weight: 0 }),
      anInstance({ port: 3, enabled: false }),
      anInstance({ port: 4, weight: 0 }),
    );
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({
      name: 'NoInstanceError',
      code: 'NO_INSTANCE',
      details: { service: 'orders', total: 4, unhealthy: 2, disabled: 1, weightless: 1 },
    });
    // Not null: DNS must not answer for a service that is known.
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
  });

  it('fails a service without instances, until one appears', async () => {
    const { calls, naming } = setup();
    naming.setServices('orders');
    naming.setInstances('orders');
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({ details: { total: 0 } });
    naming.push('orders', anInstance({ port: 3 }));
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 3 });
  });
});

describe('empty protection', () => {
  const dead = anInstance({ port: 1, healthy: false });

  it('keeps the last callable list for 5 minutes, counted from the first empty one', async () => {
    const said: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => void said.push(message) };
    const { calls, naming, clock } = withOrders({ logger });
    await calls.resolve('orders', A_CALL);

    naming.push('orders');
    expect(
      new Set(ports([calls.pickNow('orders', A_CALL), calls.pickNow('orders', A_CALL)])),
    ).toEqual(new Set([1, 2]));
    await clock.advance(200_000);
    naming.push('orders', dead);
    await clock.advance(99_999);
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'orders' });
    expect(said).toHaveLength(1);

    await clock.advance(1);
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({
      details: { total: 1, unhealthy: 1 },
    });
    expect(said).toHaveLength(2);
  });

  it('ends as soon as a callable list arrives', async () => {
    const { calls, naming, clock } = withOrders({ unusedAfterMs: 0 });
    await calls.resolve('orders', A_CALL);
    naming.push('orders');
    naming.push('orders', anInstance({ port: 8 }));
    expect(ports([calls.pickNow('orders', A_CALL), calls.pickNow('orders', A_CALL)])).toEqual([
      8, 8,
    ]);
    await clock.advance(300_000);
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 8 });
    expect(clock.pending).toBe(0);
  });

  it('can be turned off', async () => {
    const { calls, naming } = withOrders({ emptyProtection: false });
    await calls.resolve('orders', A_CALL);
    naming.push('orders');
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({ code: 'NO_INSTANCE' });
  });

  it('does not invent instances for a list that was empty from the start', async () => {
    const { calls, naming } = setup();
    naming.setServices('orders');
    naming.setInstances('orders', dead);
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({ code: 'NO_INSTANCE' });
  });
});

describe('discovery in code', () => {
  it('takes names with dots, and picks without waiting once the list is there', async () => {
    const { discovery, naming } = setup();
    naming.setServices('demo.api');
    naming.setInstances('demo.api', anInstance());
    expect(discovery.pick('demo.api')).toBeUndefined();
    await expect(discovery.resolve('Demo.API')).resolves.toMatchObject({ service: 'demo.api' });
    expect(discovery.pick('Demo.API')).toMatchObject({ service: 'demo.api' });
  });

  it('says that there is no such service', async () => {
    const { discovery } = withOrders();
    await expect(discovery.resolve('stock')).rejects.toMatchObject({
      code: 'NO_INSTANCE',
      message: expect.stringContaining('no service stock') as string,
    });
  });

  it('says that Nacos did not answer', async () => {
    const { discovery, naming } = withOrders();
    naming.setState('backoff');
    await expect(discovery.resolve('orders')).rejects.toMatchObject({ code: 'DISCOVERY_TIMEOUT' });
  });

  it('ends every subscription, timer and wait on close, and leaves hosts to DNS', async () => {
    const { discovery, calls, naming, clock } = withOrders();
    await calls.resolve('orders', A_CALL);
    naming.push('orders');
    naming.setServices('orders', 'late');
    await clock.advance(10_000);
    const waiting = calls.resolve('late', A_CALL);
    await settle();

    await discovery.close();
    await discovery.close();

    await expect(waiting).resolves.toBeNull();
    expect(naming.subscribed).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(calls.pickNow('orders', A_CALL)).toBeNull();
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    await expect(discovery.resolve('orders')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => discovery.pick('orders')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });
});
