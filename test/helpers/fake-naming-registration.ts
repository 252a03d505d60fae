/**
 * Owns the registering half of a registry that unit tests script by hand. While its state is `ready` it confirms at once, unless
 * the test refuses; otherwise calls stay open until the connection comes back, the test lets them run out of time,
 * or their signal aborts.
 */
import { RequestTimeoutError } from '../../src/errors.js';
import { hostPort, toServiceRef, type Instance, type InstanceInput } from '../../src/model.js';
import { checkInstance } from '../../src/naming-rules.js';
import type { ConnectionState, WaitOptions } from '../../src/naming-api.js';
import type { RegistrationNaming } from '../../src/registration/registration-options.js';
import type { Clock } from '../../src/util/clock.js';
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
  /** What an operator has set for every instance: it wins over what is registered. undefined: nothing any more. */
  edit(fields: Partial<Pick<Instance, 'enabled' | 'weight' | 'metadata'>> | undefined): void;
  /** How often the list was asked for. */
  readonly queries: number;
  /** The calls that are open run out of time. */
  expire(): void;
}

/** With a clock, calls that stay open run out of their time by themselves. */
export function createFakeRegistry(clock?: Clock): FakeRegistry {
  let state: ConnectionState = 'ready';
  let silent = false;
  let refusal: Error | undefined;
  let lastInstance: InstanceInput | undefined;
  let lastTimeoutMs: number | undefined;
  let edited: Partial<Instance> = {};
  let queries = 0;
  const calls: string[] = [];
  const rows = new Map<string, Instance>();
  const open = new Set<Deferred<void>>();
  const listeners = new Set<(state: ConnectionState) => void>();

  const answer = async ({ signal, timeoutMs }: WaitOptions = {}): Promise<void> => {
    if (refusal !== undefined) throw refusal;
    if (state === 'ready' && !silent) return;
    const done = createDeferred<void>();
    open.add(done);
    signal?.addEventListener('abort', () => done.reject(signal.reason));
    const timer = clock?.after(timeoutMs ?? 10_000, () => done.reject(timeUp()));
    await done.promise.finally(() => {
      open.delete(done);
      timer?.cancel();
    });
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
        await answer(options);
        rows.set(hostPort(instance), checkInstance(instance));
      },
      async query(service) {
        queries += 1;
        const instances = [...rows.values()].map((row) => {
          return { ...row, ...edited, metadata: { ...row.metadata, ...edited.metadata } };
        });
        return {
          service: toServiceRef(service),
          instances: instances.filter(({ enabled }) => enabled),
          revision: queries,
          serverTimeMs: 0,
          protectThresholdReached: false,
        };
      },
      async deregister(service, { ip, port }, options) {
        calls.push(`deregister ${toServiceRef(service).name} ${ip}:${String(port)}`);
        lastTimeoutMs = options?.timeoutMs;
        rows.delete(hostPort({ ip, port }));
        if (silent) await answer(options);
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
    edit(fields) {
      edited = fields ?? {};
    },
    get queries() {
      return queries;
    },
    expire() {
      for (const done of open) done.reject(timeUp());
    },
  };
}

function timeUp(): RequestTimeoutError {
  return new RequestTimeoutError('Nacos did not confirm');
}
