import { describe, expect, it } from 'vitest';

import { ClosedError } from '../../../src/errors.js';
import { on, setUp, type Setup } from './registrar-fixture.js';

const REGISTER = 'register orders 10.0.0.5:8080';

async function registered(options: Parameters<typeof setUp>[0] = {}): Promise<Setup> {
  const setup = setUp(options);
  setup.registrar.serverUp(on(8080));
  await setup.clock.advance(2000);
  return setup;
}

/** Lets a promise of the registrar settle while time goes on. */
async function during<T>({ clock }: Setup, promise: Promise<T>, ms = 5000): Promise<T> {
  promise.catch(() => undefined);
  await clock.advance(ms);
  return promise;
}

describe('a change at run time', () => {
  it('is sent as an update of the same instance, and shown', async () => {
    const setup = await registered({ service: { metadata: { version: '1', zone: 'a' } } });
    const { registrar, registry } = setup;
    const [status] = await during(
      setup,
      registrar.change({ weight: 3, metadata: { version: '2', zone: null, canary: 'yes' } }),
    );
    expect(registry.calls).toEqual([REGISTER, REGISTER]);
    expect(status).toMatchObject({
      weight: 3,
      metadata: { version: '2', canary: 'yes' },
      enabled: true,
      problem: undefined,
    });
    expect(status?.metadata).not.toHaveProperty('zone');
  });

  it('of another field keeps the earlier ones', async () => {
    const setup = await registered();
    await during(setup, setup.registrar.change({ weight: 3 }));
    await during(setup, setup.registrar.change({ enabled: false }));
    expect(setup.registry.lastInstance).toMatchObject({ weight: 3, enabled: false });
    const [status] = await during(setup, setup.registrar.change({ enabled: true }));
    expect(status).toMatchObject({ weight: 3, enabled: true });
  });

  it('is one of many at the same time: the last wish wins, and every call resolves', async () => {
    const setup = await registered();
    const { registrar, registry } = setup;
    registry.setSilent(true);
    const all = [1, 2, 3, 4].map((weight) => registrar.change({ weight }));
    await setup.clock.advance(10);
    registry.setSilent(false);
    registry.setState('ready');
    const statuses = await during(setup, Promise.all(all));
    expect(statuses.map(([status]) => status?.weight)).toEqual([4, 4, 4, 4]);
    expect(registry.lastInstance?.weight).toBe(4);
  });

  it('counts for a server that comes up later, too', async () => {
    const setup = setUp();
    expect(await setup.registrar.change({ weight: 7 })).toEqual([]);
    setup.registrar.serverUp(on(8080));
    await setup.clock.advance(0);
    expect(setup.registry.lastInstance?.weight).toBe(7);
  });

  it('of a server that waits for its readiness is sent with the registration', async () => {
    const setup = setUp({ readiness: { hold: true } });
    setup.registrar.serverUp(on(8080));
    await setup.clock.advance(0);
    const [status] = await setup.registrar.change({ weight: 7 });
    expect(status).toMatchObject({ state: 'waiting', weight: 7 });
    setup.registrar.setReady(true);
    await setup.clock.advance(0);
    expect(setup.registry.calls).toEqual([REGISTER]);
    expect(setup.registry.lastInstance).toMatchObject({ weight: 7, enabled: true });
  });

  it('does not enable what is not ready', async () => {
    const setup = await registered();
    setup.registrar.setReady(false);
    const [status] = await during(setup, setup.registrar.change({ enabled: true }));
    expect(setup.registry.lastInstance?.enabled).toBe(false);
    expect(status).toMatchObject({ enabled: false, ready: false });
  });

  it('that Nacos cannot confirm in time stands, and is carried out later', async () => {
    const setup = await registered();
    setup.registry.setState('backoff');
    const change = setup.registrar.change({ weight: 3 }, { timeoutMs: 1000 });
    await expect(during(setup, change)).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message: expect.stringContaining('the change is kept') as string,
    });
    setup.registry.setState('ready');
    await setup.clock.advance(5000);
    expect(setup.registrar.registrations[0]).toMatchObject({ weight: 3, problem: undefined });
  });

  it.each([
    [{ weight: -1 }, 'instance weight -1 is not valid'],
    [{ weight: 10_001 }, 'instance weight 10001 is not valid'],
    [{ metadata: { note: 'x'.repeat(1021) } }, 'metadata "1025 characters" is not valid'],
    [{ metadata: { version: 2 } }, 'metadata version 2 is not valid'],
    [{ wieght: 2 }, 'instance wieght cannot be changed: allowed are enabled, weight, metadata'],
  ])('that Nacos would refuse is not sent: %j', async (change, message) => {
    const { registrar, registry } = await registered();
    await expect(registrar.change(change as object)).rejects.toMatchObject({
      code: 'INVALID_INSTANCE',
      message: expect.stringContaining(message) as string,
    });
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('after the end is refused', async () => {
    const { registrar } = await registered();
    await registrar.close();
    await expect(registrar.change({ weight: 2 })).rejects.toBeInstanceOf(ClosedError);
  });
});

describe('what an operator has set in the registry', () => {
  it('is shown, and asked for only by who looks', async () => {
    const setup = await registered();
    const { registrar, registry } = setup;
    const asked = registry.queries;
    registry.edit({ weight: 5, metadata: { note: 'operator' } });
    await setup.clock.advance(60_000);
    expect(registry.queries).toBe(asked);
    const [status] = await during(setup, registrar.look());
    expect(status).toMatchObject({ weight: 5, metadata: { note: 'operator' }, problem: undefined });
    expect(registry.calls).toEqual([REGISTER]);
  });

  it('is asked for at most every 5 s by who reads the status all the time', async () => {
    const setup = await registered();
    const asked = setup.registry.queries;
    for (let times = 0; times < 100; times += 1) {
      expect(setup.registrar.registrations).toHaveLength(1);
      await setup.clock.advance(100);
    }
    expect(setup.registry.queries - asked).toBeLessThanOrEqual(3);
  });

  it('from before a restart is seen a moment after the registration', async () => {
    const setup = setUp();
    setup.registry.edit({ enabled: false });
    setup.registrar.serverUp(on(8080));
    await setup.clock.advance(2000);
    expect(setup.registrar.registrations[0]).toMatchObject({
      state: 'registered',
      enabled: false,
      problem: 'disabled in Nacos by an edit there, which counts more than this client',
    });
  });

  it('counts more than a change by code, and the status says what of it stays', async () => {
    const setup = await registered();
    setup.registry.edit({ weight: 5, metadata: { version: '9' } });
    const [status] = await during(
      setup,
      setup.registrar.change({ weight: 2, metadata: { version: '2', other: 'x' } }),
    );
    expect(status).toMatchObject({
      weight: 5,
      metadata: { version: '9', other: 'x' },
      problem: 'an edit in Nacos counts more than this client: weight 5, metadata version stays',
    });
    setup.registry.edit(undefined);
    const [after] = await during(setup, setup.registrar.look());
    expect(after).toMatchObject({ weight: 2, problem: undefined });
  });

  it('made later than the change is no problem of it', async () => {
    const setup = await registered();
    await during(setup, setup.registrar.change({ weight: 2 }));
    setup.registry.edit({ weight: 5 });
    const [status] = await during(setup, setup.registrar.look());
    expect(status).toMatchObject({ weight: 5, problem: undefined });
  });

  it('keeps it enabled: then to disable it takes it out, and to enable it puts it back', async () => {
    const setup = await registered();
    const { registrar, registry } = setup;
    registry.edit({ enabled: true, weight: 5 });
    const [down] = await during(setup, registrar.change({ enabled: false }));
    expect(registry.calls).toEqual([REGISTER, REGISTER, 'deregister orders 10.0.0.5:8080']);
    expect(down).toMatchObject({
      state: 'waiting',
      enabled: false,
      problem: 'out of Nacos while it is disabled: an edit there keeps it enabled',
    });
    const [up] = await during(setup, registrar.change({ enabled: true }));
    expect(registry.calls.at(-1)).toBe(REGISTER);
    expect(up).toMatchObject({ state: 'registered', enabled: true, weight: 5 });
  });

  it('disables it: a change by code cannot enable it, and says so', async () => {
    const setup = await registered();
    setup.registry.edit({ enabled: false });
    const [status] = await during(setup, setup.registrar.change({ enabled: true }));
    expect(status).toMatchObject({
      enabled: false,
      problem: 'disabled in Nacos by an edit there, which counts more than this client',
    });
  });

  it('is not guessed from a list that is older than the connection', async () => {
    const setup = await registered();
    const { registrar, registry } = setup;
    await during(setup, registrar.look());
    registry.setState('backoff');
    registry.setState('ready');
    registry.edit({ enabled: false });
    const [status] = await during(setup, registrar.look(), 0);
    expect(status).toMatchObject({ enabled: true });
  });
});
