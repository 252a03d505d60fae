import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { aRegistry } from '../../helpers/fake-registry.js';
import { typedFailure } from '../../helpers/fake-transport.js';
import { aSession, outcomeOf } from '../../helpers/session-fixture.js';

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

describe('a deregistration', () => {
  it('of something that was never registered needs no request', async () => {
    const { naming, server } = await aLedger();
    await naming.deregister('orders', at(80));
    expect(server.last.sentTypes()).toEqual([]);
  });

  it('while Nacos is away is done at once: the lost connection took the instance with it', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', at(80));
    await naming.registerBatch('pair', [at(80), at(81)]);
    server.reachable = false;
    server.last.drop();
    const gone = outcomeOf(naming.deregister('orders', at(80)));
    const reduced = outcomeOf(naming.deregister('pair', at(80)));
    await settle();
    expect(gone.state).toBe('resolved');
    expect(reduced.state).toBe('pending');
    server.reachable = true;
    await clock.advance(1000);
    expect(reduced.state).toBe('resolved');
    expect(registry.rows('orders')).toEqual([]);
    expect(registry.rows('pair')).toEqual([`${IP}:81`]);
    expect(server.last.sentTypes()).toEqual([SINGLE]);
  });

  it('under way is done when the connection breaks', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', at(80));
    server.answers.set(SINGLE, () => 'hang');
    const gone = outcomeOf(naming.deregister('orders', at(80)));
    await settle();
    server.reachable = false;
    server.last.drop();
    await clock.advance(3500);
    expect(gone.state).toBe('resolved');
    expect(registry.rows('orders')).toEqual([]);
  });

  it('waits its turn behind a registration under way', async () => {
    const { naming, registry, server, clock } = await aLedger();
    server.answers.set(SINGLE, async (request, connection) => {
      await new Promise<void>((resolve) => clock.after(200, resolve));
      return registry.carryOut(request, connection);
    });
    const up = outcomeOf(naming.register('orders', at(80)));
    await settle();
    const down = outcomeOf(naming.deregister('orders', at(80)));
    await clock.advance(250);
    expect([up.state, down.state]).toEqual(['resolved', 'pending']);
    await clock.advance(250);
    expect(down.state).toBe('resolved');
    expect(registry.rows('orders')).toEqual([]);
  });

  it.each(['replacing', 'adding'] as const)(
    'reaches a registration that timed out but was carried out (%s server)',
    async (kind) => {
      const { naming, registry, server, clock } = await aLedger(kind);
      server.answers.set(SINGLE, (request, connection) => {
        registry.carryOut(request, connection);
        return 'hang';
      });
      void naming.register('orders', at(80)).catch(() => undefined);
      await clock.advance(3100);
      expect(registry.rows('orders')).toEqual([`${IP}:80`]);
      server.answers.set(SINGLE, registry.carryOut);
      const gone = outcomeOf(naming.deregister('orders', at(80)));
      await clock.advance(3100);
      expect(gone.state).toBe('resolved');
      expect(registry.rows('orders')).toEqual([]);
    },
  );

  it('reaches one of a batch that timed out but was carried out on a server that adds', async () => {
    const { naming, registry, server, clock } = await aLedger('adding');
    server.answers.set(BATCH, (request, connection) => {
      registry.carryOut(request, connection);
      return 'hang';
    });
    void naming.registerBatch('orders', [at(80), at(81)]).catch(() => undefined);
    await clock.advance(3100);
    server.answers.set(BATCH, registry.carryOut);
    await Promise.all([naming.deregister('orders', at(81)), clock.advance(3100)]);
    expect(registry.rows('orders')).toEqual([`${IP}:80`]);
  });

  it('stays a wish when the server refuses it', async () => {
    const { naming, registry, server, clock } = await aLedger();
    await naming.register('orders', at(80));
    server.answers.set(SINGLE, () => typedFailure(403));
    await expect(naming.deregister('orders', at(80))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    server.answers.set(SINGLE, registry.carryOut);
    await clock.advance(3100);
    expect(registry.rows('orders')).toEqual([]);
  });
});
