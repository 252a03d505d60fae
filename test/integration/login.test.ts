/** A client with user and password against a dev server that wants them. */
import { afterEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createClient, type ClientOptions, type NacosClient } from '../../src/index.js';
import { createLogger } from '../../src/logger.js';

const USER = { username: 'ann', password: 'wonder land&=' };
const INSTANCE = { ip: '10.0.0.5', port: 8080 };
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function server(tokenTtlSeconds?: number): Promise<DevServer> {
  const auth = { ...USER, ...(tokenTtlSeconds === undefined ? {} : { tokenTtlSeconds }) };
  const started = await startDevServer({ auth });
  open.push(started);
  return started;
}

function client(at: DevServer, options: Partial<ClientOptions> = USER) {
  const log: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(line) });
  const made: NacosClient = createClient({ server: at.address, logger, ...options });
  open.push(made);
  return { naming: made.naming, log };
}

describe('a server that wants a login', () => {
  it('registers for a user it knows, and refuses everybody else', async () => {
    const at = await server();
    await client(at).naming.register('orders', INSTANCE);
    expect(at.instances('orders')).toHaveLength(1);
    const stranger = client(at, {});
    await expect(stranger.naming.register('bills', INSTANCE)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const wrong = client(at, { username: 'ann', password: 'looking glass' });
    await expect(wrong.naming.query('orders')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('does not accept user ann'),
    });
    expect(wrong.log.join('')).not.toContain('looking glass');
    expect(at.instances('bills')).toEqual([]);
  });

  it.each([
    [1, 6],
    [5, 3],
  ])(
    'goes on to serve while tokens end every %d s, with no failed call and one row',
    async (ttl, logins) => {
      const at = await server(ttl);
      const { naming, log } = client(at);
      await naming.register('orders', INSTANCE);
      // As many logins as lives have ended: time is told by the server, not by a sleep.
      await vi.waitFor(
        async () => {
          const { instances } = await naming.query('orders');
          expect(instances).toHaveLength(1);
          expect(at.logins).toBeGreaterThanOrEqual(logins);
        },
        { timeout: 25_000, interval: 20 },
      );
      await naming.register('bills', INSTANCE);
      expect(log.join('')).not.toMatch(/ (warn|error) /);
    },
  );

  it('that forgets all tokens is logged in at again by the very next call', async () => {
    const at = await server();
    const { naming } = client(at);
    await naming.register('orders', INSTANCE);
    const before = performance.now();
    await vi.waitFor(() => expect(performance.now() - before).toBeGreaterThan(1000), {
      timeout: 5000,
    });
    at.faults.forgetTokens();
    await naming.register('bills', INSTANCE);
    expect(at.instances('bills')).toHaveLength(1);
  });

  it('is registered at again after it went away with all its tokens', async () => {
    const at = await server();
    const { naming } = client(at);
    await naming.register('orders', INSTANCE);
    at.faults.forgetTokens();
    await at.faults.restart();
    await vi.waitFor(() => expect(at.instances('orders')).toHaveLength(1), { timeout: 20_000 });
  });
});

it('half a login is refused when the client is made', () => {
  expect(() => createClient({ server: '127.0.0.1', username: 'ann' })).toThrow(
    /username \(code\) is given without password or passwordFile/,
  );
  expect(() => createClient({ server: '127.0.0.1', password: 'x' })).toThrow(
    /password \(code\) is given without username/,
  );
});
