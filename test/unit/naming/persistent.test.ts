import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { typedFailure } from '../../helpers/fake-transport.js';
import { aSession, outcomeOf } from '../../helpers/session-fixture.js';

const PERSISTENT = 'PersistentInstanceRequest';
const at = { ip: '10.0.0.1', port: 80 };

function aClient(abilities = { supportPersistentInstanceByGrpc: true }) {
  const fixture = aSession();
  fixture.server.abilities = abilities;
  return fixture;
}

describe('a persistent instance', () => {
  it('is one request of its own kind, in and out', async () => {
    const { naming, server } = aClient();
    await naming.register('orders', { ...at, ephemeral: false, weight: 2 });
    await naming.deregister('orders', { ...at, ephemeral: false });
    expect(server.last.sentTypes()).toEqual([PERSISTENT, PERSISTENT]);
    expect(server.last.unarySent.at(-2)?.body).toMatchObject({
      namespace: 'public',
      serviceName: 'orders',
      type: 'registerInstance',
      instance: { ...at, ephemeral: false, weight: 2 },
    });
    expect(server.last.unarySent.at(-1)?.body).toMatchObject({ type: 'deregisterInstance' });
  });

  it('is not registered again after a reconnect', async () => {
    const { naming, server, clock } = aClient();
    await naming.register('orders', { ...at, ephemeral: false });
    server.last.drop();
    await clock.advance(5000);
    expect(server.last.sentTypes()).toEqual([]);
  });

  it('is not sent to a server that has none', async () => {
    const { naming, server } = aClient({ supportPersistentInstanceByGrpc: false });
    await expect(naming.register('orders', { ...at, ephemeral: false })).rejects.toMatchObject({
      code: 'SERVER_UNSUPPORTED',
      retryable: false,
    });
    expect(server.last.sentTypes()).toEqual([]);
  });

  it('waits for a connection as long as it was told, and says what the server said', async () => {
    const { naming, server, clock } = aClient();
    server.reachable = false;
    const instance = { ...at, ephemeral: false };
    const late = outcomeOf(naming.register('orders', instance, { timeoutMs: 500 }));
    await clock.advance(500);
    expect(late.error).toMatchObject({ code: 'NOT_CONNECTED' });
    server.reachable = true;
    server.answers.set(PERSISTENT, () => typedFailure(400, 'is ephemeral service'));
    await clock.advance(5000);
    const refused = outcomeOf(naming.register('orders', instance));
    await settle();
    expect(refused.error).toMatchObject({ code: 'SERVER_REJECTED' });
  });

  it('says what is no yes or no', async () => {
    const { naming } = aClient();
    const instance = { ...at, ephemeral: 'no' as unknown as boolean };
    await expect(naming.register('orders', instance)).rejects.toThrow(/ephemeral "no"/);
  });
});
