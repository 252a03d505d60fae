/**
 * Owns the registering half of a registry that unit tests script by hand. While its state is `ready` it confirms at once, unless
 * the test refuses; otherwise calls stay open until the connection comes back, the test lets them run out of time,
 * or their signal aborts.
 */
import { RequestTimeoutError } from '../../src/errors.js';
import { toServiceRef, type InstanceInput } from '../../src/model.js';
import type { ConnectionState } from '../../src/naming-api.js';
import type { RegistrationNaming } from '../../src/registration/registration.js';
import { createDeferred, type Deferred } from '../../src/util/deferred.js';

export interface FakeRegistry {
  readonly naming: RegistrationNaming;
  /** `register orders 10.0.0.5:8080`, `deregister orders 10.0.0.5:8080`: every call, in order. */
  readonly calls: readonly string[];
  /** What the last `register` asked for. */
  readonly lastInstance: InstanceInput | undefined;
  /** Bounds of the last `deregister`. */
  readonly lastTimeoutMs: number | undefined;
  setState(state: ConnectionState): void;
  /** Answers neither yes nor no although connected. */
  setSilent(silent: boolean): void;
  /** Every `register` fails like this; undefined: works again. */
  refuse(error: Error | undefined): void;
  /** The calls that are open run out of time. */
  expire(): void;
}

export function createFakeRegistry(): FakeRegistry {
  let state: ConnectionState = 'ready';
  let silent = false;
  let refusal: Error | undefined;
  let lastInstance: InstanceInput | undefined;
  let lastTimeoutMs: number | undefined;
  const calls: string[] = [];
  const open = new Set<Deferred<void>>();
  const listeners = new Set<(state: ConnectionState) => void>();

  const answer = async (signal: AbortSignal | undefined): Promise<void> => {
    if (refusal !== undefined) throw refusal;
    if (state === 'ready' && !silent) return;
    const done = createDeferred<void>();
    open.add(done);
    signal?.addEventListener('abort', () => done.reject(signal.reason));
    await done.promise;
  };

  return {
    calls,
    naming: {
      get connectionState() {
        return state;
      },
      onConnectionState(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      async register(service, instance, options) {
        calls.push(
          `register ${toServiceRef(service).name} ${instance.ip}:${String(instance.port)}`,
        );
        lastInstance = instance;
        await answer(options?.signal);
      },
      async deregister(service, { ip, port }, options) {
        calls.push(`deregister ${toServiceRef(service).name} ${ip}:${String(port)}`);
        lastTimeoutMs = options?.timeoutMs;
        if (silent) await answer(options?.signal);
      },
    },
    get lastInstance() {
      return lastInstance;
    },
    get lastTimeoutMs() {
      return lastTimeoutMs;
    },
    setState(next) {
      state = next;
      for (const listener of listeners) listener(next);
      if (next !== 'ready' || silent) return;
      for (const done of open) done.resolve();
      open.clear();
    },
    setSilent(next) {
      silent = next;
    },
    refuse(error) {
      refusal = error;
    },
    expire() {
      for (const done of open) done.reject(new RequestTimeoutError('Nacos did not confirm'));
      open.clear();
    },
  };
}
