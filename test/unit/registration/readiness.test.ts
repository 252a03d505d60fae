import { describe, expect, it } from 'vitest';

import type { ProbeOwnServer } from '../../../src/registration/http-probe.js';
import { on, setUp } from './registrar-fixture.js';

const REGISTER = 'register orders 10.0.0.5:8080';

/** Answers 503 until told otherwise. */
function scriptedProbe(): {
  probe: ProbeOwnServer;
  paths: string[];
  answer: (status: number) => void;
} {
  let status = 503;
  const paths: string[] = [];
  return {
    paths,
    answer: (next) => {
      status = next;
    },
    probe: async (server, path) => {
      paths.push(`${String(server.port)}${path}`);
      return { ok: status === 200, detail: `status ${String(status)}` };
    },
  };
}

describe('a server that is not ready', () => {
  it('is registered after the delay, then the probe, then the word of the app', async () => {
    const { probe, paths, answer } = scriptedProbe();
    const { registrar, registry, clock, active } = setUp({
      readiness: { delayMs: 5000, path: '/ready', intervalMs: 500, hold: true },
      probe,
    });
    registrar.serverUp(on(8080));
    await clock.advance(4999);
    expect(paths).toEqual([]);
    expect(registrar.registrations[0]).toMatchObject({
      state: 'waiting',
      ready: false,
      enabled: false,
      problem: 'readiness.delay of 5 s',
    });
    expect(active).toEqual([true]);
    await clock.advance(1001);
    expect(paths).toEqual(['8080/ready', '8080/ready', '8080/ready']);
    expect(registrar.registrations[0]?.problem).toBe('readiness.path /ready: status 503');
    answer(200);
    await clock.advance(500);
    expect(registrar.registrations[0]?.problem).toBe('the app says it is not ready');
    expect(registry.calls).toEqual([]);
    registrar.setReady(true);
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER]);
    expect(registrar.registrations[0]).toMatchObject({
      state: 'registered',
      ready: true,
      enabled: true,
      problem: undefined,
    });
    await clock.advance(10_000);
    expect(paths).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it('is registered disabled when that is wanted, and flipped', async () => {
    const { probe, answer } = scriptedProbe();
    const { registrar, registry, clock, log } = setUp({
      readiness: { path: '/ready', registerDisabled: true },
      probe,
    });
    registrar.serverUp(on(8080));
    await clock.advance(2000);
    expect(registry.calls).toEqual([REGISTER]);
    expect(registry.lastInstance?.enabled).toBe(false);
    expect(registrar.registrations[0]).toMatchObject({ state: 'registered', enabled: false });
    expect(log[0]).toMatch(/^info {2}registered orders 10.0.0.5:8080, disabled until it is ready/);
    answer(200);
    await clock.advance(1000);
    expect(registry.calls).toEqual([REGISTER, REGISTER]);
    expect(registry.lastInstance?.enabled).toBe(true);
    await clock.advance(2000);
    expect(registrar.registrations[0]).toMatchObject({ enabled: true, ready: true });
  });

  it('for 30 s is said once, and waited for', async () => {
    const { probe, answer } = scriptedProbe();
    const { registrar, registry, clock, log } = setUp({ readiness: { path: '/ready' }, probe });
    registrar.serverUp(on(8080));
    await clock.advance(29_999);
    expect(log).toEqual([]);
    await clock.advance(120_000);
    expect(log).toEqual([
      'warn  the server on [::]:8080 is not ready after 30 s and takes no traffic: readiness.path /ready: status 503; waiting on',
    ]);
    answer(200);
    await clock.advance(1000);
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('and closes is never registered and leaves no wait behind', async () => {
    const { probe } = scriptedProbe();
    const { registrar, registry, clock, active } = setUp({ readiness: { path: '/ready' }, probe });
    const server = on(8080);
    registrar.serverUp(server);
    await clock.advance(3000);
    expect(registrar.leaveServer(server)).toBeUndefined();
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(active).toEqual([true, false]);
    expect(clock.pending).toBe(0);
  });

  it('waits again after it closed and listens anew', async () => {
    const { registrar, registry, clock } = setUp({ readiness: { delayMs: 1000 } });
    const server = on(8080);
    registrar.serverUp(server);
    await clock.advance(1000);
    registrar.serverDown(server);
    await clock.advance(0);
    registrar.serverUp({ ...server, port: 8081 });
    await clock.advance(999);
    expect(registry.calls).toEqual([REGISTER, 'deregister orders 10.0.0.5:8080']);
    await clock.advance(1);
    expect(registry.calls.at(-1)).toBe('register orders 10.0.0.5:8081');
  });
});

describe('the word of the app', () => {
  it('shuts the gate again: disabled, then enabled, and never taken out', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    registrar.setReady(false);
    await clock.advance(5000);
    expect(registry.lastInstance?.enabled).toBe(false);
    expect(registrar.registrations[0]).toMatchObject({
      state: 'registered',
      ready: false,
      enabled: false,
    });
    registrar.setReady(true);
    await clock.advance(5000);
    expect(registry.lastInstance?.enabled).toBe(true);
    expect(registry.calls).toEqual([REGISTER, REGISTER, REGISTER]);
  });

  it('said before there is a server counts for it', async () => {
    const { registrar, registry, clock } = setUp();
    registrar.setReady(false);
    registrar.serverUp(on(8080));
    await clock.advance(5000);
    expect(registry.calls).toEqual([]);
    registrar.setReady(true);
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('that changes while Nacos is away: the last one counts', async () => {
    const { registrar, registry, clock } = setUp({ readiness: { registerDisabled: true } });
    registry.setState('backoff');
    registrar.serverUp(on(8080));
    await clock.advance(100);
    registrar.setReady(false);
    registrar.setReady(true);
    registrar.setReady(false);
    await clock.advance(0);
    registry.setState('ready');
    await clock.advance(5000);
    expect(registry.lastInstance?.enabled).toBe(false);
  });

  it('taken back before Nacos has confirmed anything leaves nothing there', async () => {
    const { registrar, registry, clock } = setUp();
    registry.setState('backoff');
    registrar.serverUp(on(8080));
    await clock.advance(100);
    registrar.setReady(false);
    await clock.advance(100);
    registry.setState('ready');
    await clock.advance(5000);
    expect(registry.calls).toEqual([REGISTER, 'deregister orders 10.0.0.5:8080']);
    expect(registrar.registrations[0]?.state).toBe('waiting');
  });
});

describe('registering on request', () => {
  it('waits for the first request, and then for the readiness', async () => {
    const { registrar, registry, clock } = setUp({ when: 'request', readiness: { delayMs: 500 } });
    expect(registrar.wantsRequests).toBe(true);
    registrar.serverUp(on(8080));
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(registrar.registrations[0]).toMatchObject({
      state: 'waiting',
      problem: 'waits for the first request',
    });
    registrar.requestSeen();
    registrar.requestSeen();
    expect(registrar.wantsRequests).toBe(false);
    await clock.advance(499);
    expect(registry.calls).toEqual([]);
    await clock.advance(1);
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('registers at once what comes up after the first request', async () => {
    const { registrar, registry, clock } = setUp({ when: 'request' });
    registrar.requestSeen();
    registrar.serverUp(on(8080));
    await clock.advance(0);
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('wants no requests where it registers at startup, nor after it was closed', async () => {
    expect(setUp().registrar.wantsRequests).toBe(false);
    const { registrar } = setUp({ when: 'request' });
    await registrar.close();
    expect(registrar.wantsRequests).toBe(false);
  });
});

describe('registering neither at startup nor on request', () => {
  it('registers nothing, and says so once', async () => {
    const { registrar, registry, clock, log } = setUp({ when: 'never' });
    registrar.serverUp(on(8080));
    registrar.serverUp(on(8081));
    await clock.advance(60_000);
    expect(registry.calls).toEqual([]);
    expect(log).toEqual([
      'warn  the server on [::]:8080 is not registered: registration.register_on_startup and register_on_request are both off; registerServer(server) registers it',
    ]);
  });
});
