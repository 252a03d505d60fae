import { describe, expect, it } from 'vitest';

import { ClosedError, ConfigError, RegistrationError } from '../../../src/errors.js';
import { on, setUp } from './registrar-fixture.js';

const REGISTER = 'register orders 10.0.0.5:8080';
const DEREGISTER = 'deregister orders 10.0.0.5:8080';
const noAddress = (final: boolean) => () =>
  Promise.reject(new RegistrationError('NO_ADDRESS', 'none', { details: { final } }));

describe('a server that closes', () => {
  it('has something to wait for while it is registered', async () => {
    const { registrar, registry, clock, active } = setUp();
    const server = on(8080);
    registrar.serverUp(server);
    await clock.advance(0);
    expect(await registrar.leaveServer(server, { timeoutMs: 400 })).toBe(true);
    expect(registry.calls).toEqual([REGISTER, DEREGISTER]);
    expect(registry.lastTimeoutMs).toBe(400);
    expect(active).toEqual([true, false]);
    registrar.serverDown(server);
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER, DEREGISTER]);
    registrar.serverUp(server);
    await clock.advance(0);
    expect(registry.calls.at(-1)).toBe(REGISTER);
  });

  it('has nothing to wait for when it was passed over, or Nacos never had it', async () => {
    const { registrar, registry, clock } = setUp();
    registry.setState('backoff');
    const [server, other] = [on(8080), on(9090)];
    registrar.serverUp(server);
    registrar.serverUp(other);
    await clock.advance(0);
    expect(registrar.leaveServer(other)).toBeUndefined();
    expect(registrar.leaveServer(server)).toBeUndefined();
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER, DEREGISTER]);
  });
});

describe('an explicit registrar', () => {
  it('registers its server at once, wherever it listens', async () => {
    const { registrar, registry, clock } = setUp({ explicit: true, port: { environment: 3000 } });
    registrar.serverUp(on(9090, '127.0.0.1'));
    await clock.advance(0);
    expect(registry.calls).toEqual(['register orders 10.0.0.5:9090']);
  });

  it('registers although nothing is to be registered by itself', async () => {
    const { registrar, registry, clock } = setUp({ explicit: true, when: 'never' });
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER]);
  });
});

describe('when code registers a server itself', () => {
  it('the same row is left to it, without a gap', async () => {
    const { registrar, registry, clock, active } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    const [identity] = registrar.registrations;
    await registrar.yieldTo(identity);
    registrar.serverUp(on(9090));
    await clock.advance(10_000);
    expect(registry.calls).toEqual([REGISTER]);
    expect(registrar.registrations).toEqual([]);
    expect(active).toEqual([true, false]);
  });

  it('everything else is taken out, and nothing follows', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    const service = { name: 'orders', group: 'DEFAULT_GROUP' };
    await registrar.yieldTo({ service, ip: '10.0.0.5', port: 8081 });
    registrar.serverUp(on(9090));
    await clock.advance(10_000);
    expect(registry.calls).toEqual([REGISTER, DEREGISTER]);
  });

  it('before an address was found, none is looked for any more', async () => {
    const { registrar, clock } = setUp({ address: noAddress(false) });
    registrar.serverUp(on(8080));
    await clock.advance(10);
    await registrar.yieldTo(undefined);
    expect(clock.pending).toBe(0);
  });
});

describe('who waits until it is registered', () => {
  it('gets the status', async () => {
    const { registrar, clock } = setUp({ namespace: 'shop' });
    const status = registrar.registered();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(await status).toMatchObject({ state: 'registered', namespace: 'shop', port: 8080 });
    expect(await registrar.registered()).toMatchObject({ state: 'registered' });
  });

  it('hears at once that there is no way', async () => {
    const { registrar, clock } = setUp({ address: noAddress(true) });
    const status = registrar.registered();
    status.catch(() => undefined);
    registrar.serverUp(on(8080));
    await clock.advance(0);
    await expect(status).rejects.toMatchObject({ code: 'NO_ADDRESS' });
    await expect(registrar.registered()).rejects.toMatchObject({ code: 'NO_ADDRESS' });
  });

  it('hears of metadata that is too long, which is said once and never sent', async () => {
    const { registrar, registry, clock, log } = setUp({
      service: { metadata: { note: 'x'.repeat(1021) } },
    });
    const status = registrar.registered();
    status.catch(() => undefined);
    registrar.serverUp(on(8080));
    await clock.advance(0);
    await expect(status).rejects.toBeInstanceOf(ConfigError);
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(log).toEqual([
      'error the server on [::]:8080 is not registered: metadata "1025 characters" is not valid: allowed is at most 1024 characters, keys and values together',
    ]);
  });

  it('runs out of time with the reason', async () => {
    const { registrar, clock } = setUp({ readiness: { hold: true } });
    registrar.serverUp(on(8080));
    const status = registrar.registered({ timeoutMs: 1000 });
    status.catch(() => undefined);
    await clock.advance(1000);
    await expect(status).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message:
        'the registration is not confirmed within 1000 ms (the app says it is not ready); it goes on',
    });
  });

  it('hears of the end', async () => {
    const { registrar } = setUp();
    const status = registrar.registered();
    status.catch(() => undefined);
    await registrar.close();
    await expect(status).rejects.toBeInstanceOf(ClosedError);
  });
});

describe('giving up', () => {
  it('is told once, when the attempts are used up', async () => {
    const reasons: string[] = [];
    const { registrar, registry, clock } = setUp({
      retry: { times: 2, intervalMs: 1000 },
      onGiveUp: (reason) => reasons.push(reason),
    });
    registry.setState('backoff');
    registrar.serverUp(on(8080));
    await clock.advance(2999);
    expect(reasons).toEqual([]);
    await clock.advance(60_000);
    expect(reasons).toEqual([
      'orders 10.0.0.5:8080 is not registered after 3 attempts in 3 s: Nacos cannot be reached',
    ]);
  });

  it('never happens to what has been registered once', async () => {
    const reasons: string[] = [];
    const { registrar, registry, clock } = setUp({
      retry: { times: 2, intervalMs: 1000 },
      onGiveUp: (reason) => reasons.push(reason),
    });
    registrar.serverUp(on(8080));
    await clock.advance(1000);
    expect(registrar.registrations[0]?.state).toBe('registered');
    registry.setState('backoff');
    registrar.setReady(false);
    await clock.advance(60_000);
    expect(reasons).toEqual([]);
  });

  it('is told when there is no way, unless another server follows in time', async () => {
    const reasons: string[] = [];
    const { registrar, clock } = setUp({
      onGiveUp: (reason) => reasons.push(reason),
      address: async (host) => {
        if (host === '::') return { ip: '10.0.0.5', because: 'of eth0', candidates: [] };
        return noAddress(true)();
      },
    });
    registrar.serverUp(on(9090, '127.0.0.1'));
    await clock.advance(7000);
    registrar.serverUp(on(8080));
    await clock.advance(60_000);
    expect(reasons).toEqual([]);
    expect(registrar.registrations).toHaveLength(1);

    const alone = setUp({ address: noAddress(true), onGiveUp: (reason) => reasons.push(reason) });
    alone.registrar.serverUp(on(9090, '127.0.0.1'));
    await alone.clock.advance(60_000);
    expect(reasons).toEqual(['none']);
  });

  it('with a network that never comes counts those attempts, too', async () => {
    const reasons: string[] = [];
    const { registrar, clock, log } = setUp({
      address: noAddress(false),
      onGiveUp: (reason) => reasons.push(reason),
    });
    registrar.serverUp(on(8080));
    await clock.advance(60_000);
    expect(reasons).toEqual([
      'the server on [::]:8080 is not registered after 4 attempts in 6 s: none',
    ]);
    expect(log).toHaveLength(2);
  });
});

describe('the report of the detection', () => {
  it('names what was looked at, with the reason', async () => {
    const lines: string[] = [];
    const { registrar, clock } = setUp({
      showDetection: (line) => lines.push(line),
      address: async () => ({
        ip: '10.0.0.5',
        because: 'of eth0',
        ipv6: 'fd00::5',
        candidates: [
          {
            interface: 'lo',
            ip: '127.0.0.1',
            family: 4,
            kind: 'loopback',
            taken: false,
            why: 'loopback',
          },
          {
            interface: 'eth0',
            ip: '10.0.0.5',
            family: 4,
            kind: 'usable',
            taken: true,
            why: 'usable',
          },
        ],
      }),
    });
    registrar.serverUp(on(9090, '127.0.0.1'));
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(lines).toEqual([
      'name + orders: from /srv/orders/package.json',
      'address - 127.0.0.1 of lo: loopback',
      'address + 10.0.0.5 of eth0: usable',
      'address + fd00::5: as metadata IPv6',
      'server - http on 127.0.0.1:9090: only this machine can reach it',
      'server + http on [::]:8080: others can reach it',
      'port + 8080: as bound',
    ]);
    expect(registrar.registrations[0]?.metadata).toEqual({ IPv6: '[fd00::5]' });
  });

  it('leaves the second address out where the own labels leave no room for it', async () => {
    const metadata = { note: 'x'.repeat(1010) };
    const { registrar, clock } = setUp({
      service: { metadata },
      address: async () => ({
        ip: '10.0.0.5',
        because: 'of eth0',
        ipv6: 'fd00::5',
        candidates: [],
      }),
    });
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registrar.registrations[0]?.metadata).toEqual(metadata);
  });
});
