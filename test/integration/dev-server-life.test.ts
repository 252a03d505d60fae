import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import { describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createFakeClock } from '../helpers/fake-clock.js';
import { clientsOf, register, subscribe } from './dev-server-fixture.js';

describe('start', () => {
  it('takes any free pair by default: gRPC 1000 above HTTP, and the address for NACOS_SERVER', async () => {
    await using first = await startDevServer();
    await using second = await startDevServer({ port: 0 });
    for (const server of [first, second]) {
      expect(server.grpcPort).toBe(server.port + 1000);
      expect(server.address).toBe(`127.0.0.1:${String(server.port)}`);
    }
    expect(first.port).not.toBe(second.port);
  });

  it.each(['HTTP', 'gRPC'])('names the %s port when another program has it', async (which) => {
    const port = await withServer((server) => Promise.resolve(server.port));
    const taken = which === 'HTTP' ? port : port + 1000;
    const blocker = createServer().listen(taken, '127.0.0.1');
    await once(blocker, 'listening');
    await expect(startDevServer({ port })).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'INVALID_OPTION',
      message: `port ${String(taken)} (${which}) on 127.0.0.1 cannot be used: another program listens there`,
    });
    await closed(blocker);
    // Nothing of the failed start is left on either port.
    await using again = await startDevServer({ port });
    expect(again.port).toBe(port);
  });

  it('names the host that is none of ours', async () => {
    await expect(startDevServer({ host: '192.0.2.1' })).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('on 192.0.2.1 cannot be used') as string,
    });
  });

  it('gives an address to connect to when it listens on all', async () => {
    await using server = await startDevServer({ host: '0.0.0.0' });
    expect(server.address).toBe(`127.0.0.1:${String(server.port)}`);
  });
});

describe('close', () => {
  it('leaves no socket, listener or timer behind, and may be called twice', async () => {
    const clock = createFakeClock();
    // Sockets of the test before this one may still be closing.
    await vi.waitFor(() => expect(handles()).toEqual(NONE_OPEN));
    await withServer(
      async (server) => {
        const clients = clientsOf(() => server);
        const [provider, watcher] = [
          await clients.registered(),
          await clients.registered('naming'),
        ];
        await register(provider);
        await subscribe(watcher);
        await provider.unary('ConfigPublishRequest', {
          dataId: 'a',
          group: 'g',
          tenant: '',
          content: 'x',
          additionMap: {},
        });
        await fetch(`http://${server.address}/`).then((response) => response.text());
        server.faults.delay(60_000);
        const late = provider.unary('HealthCheckRequest').catch(() => undefined);
        await vi.waitFor(() => expect(clock.holding).toBe(1));
        await server.close();
        await server.close();
        expect(clock.pending).toBe(0);
        await late;
        await clients.closeAll();
      },
      { clock },
    );
    await vi.waitFor(() => expect(handles()).toEqual(NONE_OPEN));
  });

  it('closes while it is frozen, refusing, or down for a restart', async () => {
    const clock = createFakeClock();
    await withServer(
      async (server) => {
        const clients = clientsOf(() => server);
        const client = await clients.registered();
        server.faults.freeze(true);
        await server.faults.refuse(true);
        const restarted = server.faults.restart({ downMs: 60_000 });
        await server.close();
        await restarted;
        await client.streamEnd();
        expect(clock.pending).toBe(0);
        await clients.closeAll();
      },
      { clock },
    );
  });
});

describe('idle connections', () => {
  it('closes one that does not answer the detection', async () => {
    const clock = createFakeClock();
    await using server = await startDevServer({ clock });
    const clients = clientsOf(() => server);
    const [dead, alive] = [await clients.registered(), await clients.registered()];
    await register(dead);
    await clock.advance(22_000);
    alive.ack(await alive.take('ClientDetectionRequest'));
    await dead.take('ClientDetectionRequest');
    // The ack has arrived when a later request of the same connection is answered.
    await alive.unary('HealthCheckRequest');
    await clock.advance(5000);
    await dead.streamEnd();
    await vi.waitFor(() => expect(server.connections()).toHaveLength(1));
    expect(server.instances('orders')).toEqual([]);
    await clients.closeAll();
  });
});

async function withServer<T>(use: (server: DevServer) => Promise<T>, options = {}): Promise<T> {
  await using server = await startDevServer(options);
  return await use(server);
}

const NONE_OPEN = { TCPSocketWrap: 0, TCPServerWrap: 0 };

/** How many TCP sockets and listeners this process has open. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = { ...NONE_OPEN };
  for (const name of process.getActiveResourcesInfo()) {
    if (name in counts) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
