import { Server } from 'node:net';

import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../src/process-hub.js';
import type { Registrar } from '../../../src/registration/registrar-options.js';
import { Registrations } from '../../../src/runtime/registrations.js';
import { setUp, type Setup } from '../registration/registrar-fixture.js';

/** A process whose registrars all talk to registries of their own; `byCode` gives them in the order in which code asked. */
function aProcess(automatic: Setup | undefined) {
  const servers = new Map<object, ListeningServer>();
  const byCode: Setup[] = [];
  const active: boolean[] = [];
  const kept: object[] = [];
  const explicit = (_server: Server, code: object): Registrar => {
    const name = String(Reflect.get(code, 'name') ?? 'orders');
    const setup = setUp({ explicit: true, name: () => ({ name, because: 'as given' }) });
    byCode.push(setup);
    return setup.registrar;
  };
  const registrations: Registrations = new Registrations({
    hub: { servers, keep: (server) => kept.push(server) },
    automatic: automatic?.registrar,
    explicit,
    closing: (server) => Promise.resolve(registrations.leaveServer(server)).then(() => undefined),
    onActive: (now) => active.push(now),
  });
  const listen = (port: number): ListeningServer => {
    const server = {
      server: new Server(),
      local: undefined,
      scheme: 'http',
      host: '::',
      port,
    } as const;
    servers.set(server.server, server);
    registrations.serverUp(server);
    return server;
  };
  const settle = async (): Promise<void> => {
    for (const { clock } of automatic === undefined ? byCode : [automatic, ...byCode]) {
      await clock.advance(5000);
    }
  };
  return { registrations, byCode, active, listen, settle };
}

function serverOf({ server }: ListeningServer): Server {
  if (server instanceof Server) return server;
  throw new Error('not a server of this test');
}

const names = (registrations: Registrations): readonly string[] =>
  registrations.all.map(({ service, port, state }) => `${service.name} ${String(port)} ${state}`);

describe('what a process registers', () => {
  it('is the server that listens, and only what code names as soon as code names one', async () => {
    const automatic = setUp();
    const { registrations, byCode, listen, settle } = aProcess(automatic);
    const first = listen(8080);
    await settle();
    expect(names(registrations)).toEqual(['orders 8080 registered']);

    registrations.register(serverOf(first), { name: 'orders' });
    await settle();
    // The same address: the row is left to the other, without a gap.
    expect(names(registrations)).toEqual(['orders 8080 registered']);
    expect(automatic.registry.calls).toEqual(['register orders 10.0.0.5:8080']);
    expect(byCode[0]?.registry.calls).toEqual(['register orders 10.0.0.5:8080']);

    listen(9090);
    await settle();
    expect(names(registrations)).toEqual(['orders 8080 registered']);
  });

  it('under another name by code leaves the row that was there by itself', async () => {
    const automatic = setUp();
    const { registrations, listen, settle } = aProcess(automatic);
    const first = listen(8080);
    await settle();
    registrations.register(serverOf(first), { name: 'users' });
    await settle();
    expect(names(registrations)).toEqual(['users 8080 registered']);
    expect(automatic.registry.calls).toEqual([
      'register orders 10.0.0.5:8080',
      'deregister orders 10.0.0.5:8080',
    ]);
  });

  it('is each server of code for itself, and the same one once', async () => {
    const { registrations, byCode, listen, settle } = aProcess(undefined);
    const [first, second] = [listen(1), listen(2)];
    const handle = registrations.register(serverOf(first), { name: 'orders' });
    expect(registrations.register(serverOf(first), { name: 'other' })).toBe(handle);
    registrations.register(serverOf(second), { name: 'users' });
    await settle();
    expect(byCode).toHaveLength(2);
    expect(names(registrations)).toEqual(['orders 1 registered', 'users 2 registered']);

    const changing = registrations.change({ weight: 5 }, { service: 'users' });
    await settle();
    await changing;
    expect(registrations.all.map(({ weight }) => weight)).toEqual([1, 5]);
    await expect(registrations.change({ weight: 5 }, { service: 'nobody' })).rejects.toMatchObject({
      code: 'NOT_REGISTERED',
      message: 'no service nobody is registered by this process',
    });
  });

  it('is active from the first registration until the last one has gone', async () => {
    const { registrations, active, listen, settle } = aProcess(undefined);
    const [first, second] = [listen(1), listen(2)];
    const one = registrations.register(serverOf(first), { name: 'orders' });
    const two = registrations.register(serverOf(second), { name: 'users' });
    await settle();
    expect(active.at(-1)).toBe(true);
    await one.close();
    expect(names(registrations)).toEqual(['users 2 registered']);
    expect(active.at(-1)).toBe(true);
    await two.close();
    expect(names(registrations)).toEqual([]);
    expect(active.at(-1)).toBe(false);
  });

  it('may be registered by code again after code has taken it out', async () => {
    const { registrations, byCode, listen, settle } = aProcess(undefined);
    const first = listen(1);
    const handle = registrations.register(serverOf(first), { name: 'orders' });
    await settle();
    await handle.close();
    await expect(handle.registered()).rejects.toMatchObject({ code: 'CLOSED' });
    registrations.register(serverOf(first), { name: 'orders' });
    await settle();
    expect(byCode).toHaveLength(2);
    expect(names(registrations)).toEqual(['orders 1 registered']);
  });

  it('may be registered by code again while it is still being taken out', async () => {
    const { registrations, byCode, listen, settle } = aProcess(undefined);
    const first = listen(1);
    const handle = registrations.register(serverOf(first), { name: 'orders' });
    await settle();
    const closing = handle.close();
    expect(registrations.register(serverOf(first), { name: 'orders' })).not.toBe(handle);
    await settle();
    await closing;
    expect(byCode).toHaveLength(2);
    expect(names(registrations)).toEqual(['orders 1 registered']);
  });

  it('waits for the process to be ready, also when code names it later', async () => {
    const { registrations, listen, settle } = aProcess(undefined);
    registrations.setReady(false);
    registrations.register(serverOf(listen(1)), { name: 'orders' });
    await settle();
    expect(names(registrations)).toEqual(['orders 1 waiting']);
    registrations.setReady(true);
    await settle();
    expect(names(registrations)).toEqual(['orders 1 registered']);
  });
});
