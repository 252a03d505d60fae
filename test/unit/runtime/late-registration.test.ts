import { Server } from 'node:net';

import { describe, expect, it, vi } from 'vitest';

import { ConfigError } from '../../../src/errors.js';
import type { ProcessHub, ProcessRuntime, ServerRegistration } from '../../../src/process-hub.js';
import { createLateRegistration } from '../../../src/runtime/late-registration.js';
import { createDeferred } from '../../../src/util/deferred.js';

function aHub() {
  const loading = createDeferred<ProcessRuntime | undefined>();
  const close = vi.fn(() => Promise.resolve());
  const target = {
    status: undefined,
    registered: vi.fn(() => Promise.resolve('registered')),
    change: vi.fn(() => Promise.resolve('changed')),
    setReady: vi.fn(),
    close,
    [Symbol.asyncDispose]: close,
  };
  const register = vi.fn(() => target as unknown as ServerRegistration); // what of it is used here
  const hub = { load: () => loading.promise } as ProcessHub; // what of it is used here
  const runtime = { register } as unknown as ProcessRuntime; // what of it is used here
  return { hub, loading, runtime, target, register };
}

describe('a registration from before the runtime is there', () => {
  it('is handed on with what was asked of it meanwhile', async () => {
    const { hub, loading, runtime, target, register } = aHub();
    const server = new Server();
    const late = createLateRegistration(hub, server, { service: { name: 'orders' } });
    expect(late.status).toBeUndefined();
    late.setReady(false);
    const changed = late.change({ weight: 2 });
    const registered = late.registered({ timeoutMs: 5 });
    loading.resolve(runtime);
    await expect(changed).resolves.toBe('changed');
    await expect(registered).resolves.toBe('registered');
    expect(register.mock.calls).toEqual([[server, { service: { name: 'orders' } }]]);
    expect(target.setReady.mock.calls).toEqual([[false]]);
    expect(target.change).toHaveBeenCalledWith({ weight: 2 }, undefined);
    expect(target.registered).toHaveBeenCalledWith({ timeoutMs: 5 });
    await late.close();
    expect(target.close).toHaveBeenCalledOnce();
  });

  it('is none when it was closed before', async () => {
    const { hub, loading, runtime, register } = aHub();
    const late = createLateRegistration(hub, new Server(), {});
    await late.close();
    loading.resolve(runtime);
    await expect(late.registered()).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
    expect(register).not.toHaveBeenCalled();
  });

  it('says why when the runtime did not start, or belongs to an older copy, and leaves no rejection unheard', async () => {
    for (const [runtime, why] of [
      [undefined, /could not start, see the log/],
      [{} as ProcessRuntime, /an older version/], // of a version that had no such method
    ] as const) {
      const { hub, loading } = aHub();
      const late = createLateRegistration(hub, new Server(), {});
      loading.resolve(runtime);
      await expect(late.registered()).rejects.toThrow(why);
      await expect(late.change({ weight: 1 })).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
      expect(() => late.setReady(true)).not.toThrow();
      await late.close();
    }
  });

  it('ends the wait of a caller whose signal aborts', async () => {
    const { hub } = aHub();
    const late = createLateRegistration(hub, new Server(), {});
    const reason = new Error('not any more');
    await expect(late.registered({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('says in the log what is wrong with its options together, where nobody waits', async () => {
    const { hub, loading, register } = aHub();
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    register.mockImplementation(() => {
      throw new ConfigError('INVALID_OPTION', 'username (code) is given without password');
    });
    createLateRegistration(hub, new Server(), { username: 'nacos' });
    loading.resolve({ register } as unknown as ProcessRuntime); // what of it is used here
    await vi.waitFor(() => expect(written).toHaveBeenCalled());
    const [line] = written.mock.calls[0] ?? [];
    written.mockRestore();
    expect(line).toBe(
      'nacos-serving error a server is not registered: username (code) is given without password\n',
    );
  });
});
