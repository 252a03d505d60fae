import { describe, expect, it } from 'vitest';

import { AuthError, ConfigError, RegistrationError } from '../../../src/errors.js';
import { on, setUp } from './registrar-fixture.js';

describe('a server that listens', () => {
  it('is registered after one turn, with one line that says what and why', async () => {
    const { registrar, registry, clock, log, active } = setUp();
    registrar.serverUp(on(8080));
    expect(registry.calls).toEqual([]);
    await clock.advance(0);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:8080']);
    expect(registry.lastInstance).toEqual({
      ip: '10.0.0.5',
      port: 8080,
      weight: 1,
      healthy: true,
      enabled: true,
      ephemeral: true,
      cluster: 'DEFAULT',
      metadata: {},
    });
    expect(registrar.registrations).toEqual([
      {
        state: 'registered',
        service: { name: 'orders', group: 'DEFAULT_GROUP' },
        namespace: 'public',
        ip: '10.0.0.5',
        port: 8080,
        cluster: 'DEFAULT',
        weight: 1,
        enabled: true,
        metadata: {},
        ready: true,
        wantsTraffic: true,
        problem: undefined,
      },
    ]);
    expect(log).toEqual([
      'info  registered orders 10.0.0.5:8080 (group DEFAULT_GROUP, cluster DEFAULT) at 127.0.0.1:8848: name from /srv/orders/package.json, address of eth0, port as bound',
    ]);
    expect(active).toEqual([true]);
  });

  it('is registered once, however often it is told', async () => {
    const { registrar, registry, clock } = setUp();
    const server = on(8080);
    registrar.serverUp(server);
    registrar.serverUp({ ...server });
    await clock.advance(1000);
    registrar.serverUp(server);
    await clock.advance(1000);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:8080']);
  });

  it('gets the labels of the options, the port that is given, and `secure` for https', async () => {
    const { registrar, registry, clock } = setUp({
      port: { explicit: 80 },
      service: { group: 'SHOP', cluster: 'BJ', weight: 2, metadata: { version: '2' } },
    });
    registrar.serverUp(on(8443, '::', 'https'));
    await clock.advance(100);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:80']);
    expect(registry.lastInstance).toMatchObject({
      weight: 2,
      cluster: 'BJ',
      metadata: { secure: 'true', version: '2' },
    });
    expect(registrar.registrations[0]?.service.group).toBe('SHOP');
  });

  it('keeps what the user says about `secure`', async () => {
    const { registrar, registry, clock } = setUp({ service: { metadata: { secure: 'false' } } });
    registrar.serverUp(on(8443, '::', 'https'));
    await clock.advance(0);
    expect(registry.lastInstance?.metadata).toEqual({ secure: 'false' });
  });

  it('and closes in the same turn is never registered', async () => {
    const { registrar, registry, clock, active } = setUp();
    const server = on(8080);
    registrar.serverUp(server);
    registrar.serverDown(server);
    await clock.advance(1000);
    expect(registry.calls).toEqual([]);
    expect(active).toEqual([]);
  });

  it('is taken out when it closes, and registered with its new port when it listens again', async () => {
    const { registrar, registry, clock, active } = setUp();
    const server = on(8080);
    registrar.serverUp(server);
    await clock.advance(0);
    registrar.serverDown(server);
    await clock.advance(0);
    expect(active).toEqual([true, false]);
    registrar.serverUp({ ...server, port: 8081 });
    await clock.advance(0);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:8080',
      'register orders 10.0.0.5:8081',
    ]);
  });
});

describe('of several servers', () => {
  it('only one is registered, and the others are said', async () => {
    const { registrar, registry, clock, log } = setUp();
    registrar.serverUp(on(9090, '127.0.0.1'));
    registrar.serverUp(on(8080));
    await clock.advance(1000);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:8080']);
    expect(log[0]).toMatch(
      /^info {2}the server on 127\.0\.0\.1:9090 is not registered: the one on \[::\]:8080 is the service/,
    );
  });

  it('one without doubt does not wait', async () => {
    const { registrar, registry, clock } = setUp({ port: { environment: 8080 } });
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registry.calls).toHaveLength(1);
  });

  it('a doubtful one waits up to 100 ms for a better one', async () => {
    const { registrar, registry, clock } = setUp({ port: { environment: 8080 } });
    registrar.serverUp(on(9090));
    await clock.advance(60);
    expect(registry.calls).toEqual([]);
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:8080']);
  });

  it('the doubtful one is taken after 100 ms', async () => {
    const { registrar, registry, clock } = setUp({ port: { environment: 8080 } });
    registrar.serverUp(on(9090));
    await clock.advance(99);
    expect(registry.calls).toEqual([]);
    await clock.advance(1);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:9090']);
  });

  it('a better one that comes later takes over, and is there before the other goes', async () => {
    const { registrar, registry, clock, active } = setUp({ port: { environment: 8080 } });
    registrar.serverUp(on(9090));
    await clock.advance(100);
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:9090',
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:9090',
    ]);
    expect(registrar.registrations.map(({ port }) => port)).toEqual([8080]);
    expect(active).toEqual([true]);
  });

  it('a better one with the same address takes over without a gap', async () => {
    const { registrar, registry, clock } = setUp({ port: { explicit: 8080 } });
    registrar.serverUp(on(9090));
    await clock.advance(100);
    registrar.serverUp(on(8080, '::', 'https'));
    await clock.advance(0);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'register orders 10.0.0.5:8080',
    ]);
    expect(registry.lastInstance?.metadata).toEqual({ secure: 'true' });
    expect(registrar.registrations).toHaveLength(1);
  });

  it('the one that was passed over does not follow when the service closes', async () => {
    const { registrar, registry, clock } = setUp();
    const service = on(8080);
    registrar.serverUp(service);
    registrar.serverUp(on(9090));
    await clock.advance(0);
    registrar.serverDown(service);
    await clock.advance(10_000);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:8080',
    ]);
  });
});

describe('without a way to register', () => {
  it('a server on loopback is said once and left alone', async () => {
    let asked = 0;
    const { registrar, registry, clock, log } = setUp({
      address: async () => {
        asked += 1;
        throw new RegistrationError('NO_ADDRESS', 'on loopback', { details: { final: true } });
      },
    });
    registrar.serverUp(on(8080, '127.0.0.1'));
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(asked).toBe(1);
    expect(log).toEqual(['warn  the server on 127.0.0.1:8080 is not registered: on loopback']);
    expect(clock.pending).toBe(0);
  });

  it('a network that comes up later is found, and its absence said once', async () => {
    let tries = 0;
    const { registrar, registry, clock, log } = setUp({
      address: async () => {
        tries += 1;
        if (tries > 2) return { ip: '10.0.0.5', because: 'of eth0', candidates: [] };
        throw new RegistrationError('NO_ADDRESS', 'none', { details: { final: false } });
      },
    });
    registrar.serverUp(on(8080));
    await clock.advance(2000);
    expect(registry.calls).toEqual([]);
    await clock.advance(2000);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:8080']);
    expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('a better server that cannot be registered leaves the one there is', async () => {
    const { registrar, registry, clock } = setUp({
      port: { environment: 8080 },
      address: async (host) => {
        if (host === '::') return { ip: '10.0.0.5', because: 'of eth0', candidates: [] };
        throw new RegistrationError('NO_ADDRESS', 'none', { details: { final: true } });
      },
    });
    const first = on(9090);
    registrar.serverUp(first);
    await clock.advance(100);
    registrar.serverUp(on(8080, 'fe80::1'));
    await clock.advance(0);
    registrar.serverDown(first);
    await clock.advance(0);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:9090',
      'deregister orders 10.0.0.5:9090',
    ]);
  });

  it('a name that Nacos would refuse is said', async () => {
    const { registrar, clock, log } = setUp({
      name: () => {
        throw new RegistrationError('NO_SERVICE_NAME', 'name "my orders" is not valid');
      },
    });
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(log).toEqual([
      'warn  the server on [::]:8080 is not registered: name "my orders" is not valid',
    ]);
  });
});

describe('while Nacos', () => {
  it('is away, the wish stands and is confirmed by itself later', async () => {
    const { registrar, registry, clock, log } = setUp();
    registry.setState('backoff');
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registrar.registrations[0]?.state).toBe('registering');
    await clock.advance(60_000);
    expect(log).toEqual([
      'info  orders 10.0.0.5:8080 is not registered yet: Nacos cannot be reached',
      'error orders 10.0.0.5:8080 is not registered after 4 attempts in 8 s: Nacos cannot be reached; going on',
    ]);
    expect(registrar.registrations[0]?.problem).toBe('Nacos cannot be reached');
    registry.setState('ready');
    await clock.advance(0);
    expect(registrar.registrations[0]).toMatchObject({ state: 'registered', problem: undefined });
    expect(log[2]).toMatch(/^info {2}registered orders 10\.0\.0\.5:8080/);
  });

  it('is away, a server that closes leaves no wait behind', async () => {
    const { registrar, registry, clock, active } = setUp();
    registry.setState('backoff');
    const server = on(8080);
    registrar.serverUp(server);
    await clock.advance(0);
    registry.expire();
    await clock.advance(0);
    registrar.serverDown(server);
    await clock.advance(0);
    registry.setState('ready');
    await clock.advance(60_000);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:8080',
    ]);
    expect(active).toEqual([true, false]);
    expect(clock.pending).toBe(0);
  });

  it('refuses, it is asked again after each interval, with one loud line after the last', async () => {
    const { registrar, registry, clock, log } = setUp({ retry: { times: 2, intervalMs: 500 } });
    registry.refuse(new AuthError('no right'));
    registrar.serverUp(on(8080));
    await clock.advance(999);
    expect(registry.calls).toHaveLength(2);
    expect(log).toEqual(['warn  Nacos refuses orders 10.0.0.5:8080: no right; trying again']);
    await clock.advance(1);
    expect(registry.calls).toHaveLength(3);
    expect(log.slice(1)).toEqual([
      'error orders 10.0.0.5:8080 is not registered after 3 attempts in 1 s: no right; going on',
    ]);
    await clock.advance(60_000);
    const calls = registry.calls.length;
    // With a growing pause: half a second more than doubles up to 5 s.
    expect(calls).toBeGreaterThan(15);
    expect(calls).toBeLessThan(25);
    registry.refuse(undefined);
    await clock.advance(5000);
    expect(registrar.registrations[0]?.state).toBe('registered');
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it('could never take the instance, it is said and not tried again', async () => {
    const { registrar, registry, clock, log, active } = setUp();
    registry.refuse(new ConfigError('INVALID_INSTANCE', 'metadata is too long'));
    registrar.serverUp(on(8080));
    await clock.advance(60_000);
    expect(registry.calls).toHaveLength(1);
    expect(log).toEqual(['error orders 10.0.0.5:8080 cannot be registered: metadata is too long']);
    expect(active).toEqual([true, false]);
  });
});

describe('leaving', () => {
  it('takes out what is registered and tells that callers will hear of it', async () => {
    const { registrar, registry, clock, active } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(await registrar.leave({ timeoutMs: 700 })).toBe(true);
    expect(registry.calls.at(-1)).toBe('deregister orders 10.0.0.5:8080');
    expect(registry.lastTimeoutMs).toBe(700);
    expect(registrar.registrations).toEqual([]);
    expect(active).toEqual([true, false]);
  });

  it('does not wait for a Nacos that is away', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    registry.setState('connecting');
    expect(await registrar.leave({ timeoutMs: 3000 })).toBe(false);
    expect(registry.lastTimeoutMs).toBe(200);
  });

  it('ends when Nacos does not answer', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    registry.setSilent(true);
    const left = registrar.leave();
    await clock.advance(0);
    registry.expire();
    expect(await left).toBe(false);
    expect(registrar.registrations).toEqual([]);
  });

  it('with nothing registered says that nobody will hear anything', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    expect(await registrar.leave()).toBe(false);
    await clock.advance(1000);
    expect(registry.calls).toEqual([]);
  });

  it('ends a wait for an address', async () => {
    const { registrar, registry, clock } = setUp({
      address: async () => {
        throw new RegistrationError('NO_ADDRESS', 'none', { details: { final: false } });
      },
    });
    registrar.serverUp(on(8080));
    await clock.advance(0);
    await registrar.leave();
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('by closing is for good, and may be said twice', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    await registrar.close();
    await registrar.close();
    registrar.serverUp(on(8081));
    await clock.advance(1000);
    expect(registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:8080',
    ]);
  });
});
