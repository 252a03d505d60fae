/**
 * Owns a registration that code asked for before the runtime was there: it is handed on as soon as it is, with what was asked of it
 * meanwhile. Used by adapters/explicit.ts. Should the runtime not start, then the app goes on and who waits is told why.
 */
import type { Server } from 'node:net';

import { ConfigError, RegistrationError, RequestTimeoutError } from '../errors.js';
import { createLogger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import type { ProcessHub, ProcessRuntime, ServerRegistration } from '../process-hub.js';
import { systemClock } from '../util/clock.js';
import { waitWithin } from '../util/deferred.js';

const OPEN_TIMEOUT_MS = 10_000;

export function createLateRegistration(
  hub: ProcessHub,
  server: Server,
  options: object,
): ServerRegistration {
  let target: ServerRegistration | undefined;
  let ready: boolean | undefined;
  let closed = false;
  const opened = hub.load().then((runtime) => {
    if (closed) throw notRegistered('it was closed before it began');
    target = registerWith(runtime, server, options);
    if (ready !== undefined) target.setReady(ready);
    return target;
  });
  // Who waits hears of it. The log has said it already, but for what is wrong with the options of this server alone.
  opened.catch((error: unknown) => {
    if (!(error instanceof ConfigError)) return;
    createLogger({ level: 'error' }).error(`a server is not registered: ${error.message}`);
  });
  const open = (wait: WaitOptions = {}): Promise<ServerRegistration> =>
    waitWithin(opened, {
      clock: systemClock,
      timeoutMs: wait.timeoutMs ?? OPEN_TIMEOUT_MS,
      signal: wait.signal,
      onTimeout: () => new RequestTimeoutError('nacos-serving is still being loaded'),
      holdsProcess: wait.holdsProcess ?? true,
    });
  return {
    get status() {
      return target?.status;
    },
    registered: async (wait) => (await open(wait)).registered(wait),
    change: async (change, wait) => (await open(wait)).change(change, wait),
    setReady(value) {
      ready = value;
      target?.setReady(value);
    },
    async close() {
      closed = true;
      await target?.close();
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

function registerWith(
  runtime: ProcessRuntime | undefined,
  server: Server,
  options: object,
): ServerRegistration {
  if (runtime === undefined) throw notRegistered('nacos-serving could not start, see the log');
  // The runtime of another, older copy of the package.
  if (typeof runtime.register !== 'function') {
    throw notRegistered('an older version of nacos-serving owns this process');
  }
  return runtime.register(server, options);
}

function notRegistered(why: string): RegistrationError {
  return new RegistrationError('NOT_REGISTERED', `the server is not registered: ${why}`);
}
