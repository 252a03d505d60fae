/**
 * Owns what the client hooks add to failures of calls by name: the error of a total deadline, and the list of what was tried, on the error that the host's
 * user catches. Used by the hooks of undici and of node:http. Read by `src/call-failure.ts`, which knows the same symbol.
 */
import type { CallTarget } from '../process-hub.js';

const CALL = Symbol.for('nacos-serving.call');

/** DiscoveryError CALL_TIMEOUT. Errors of ours are an ES module, which the runtime has loaded by the time that there is a deadline. */
export async function callTimeout(
  service: string,
  timeoutMs: number,
  tried: readonly CallTarget[],
): Promise<Error> {
  const { DiscoveryError } = await import('../errors.js');
  return new DiscoveryError(
    'CALL_TIMEOUT',
    `${service} did not answer within ${String(timeoutMs)} ms, the time that is set for a whole call`,
    {
      details: {
        service,
        ...placeOf(tried[0]),
        timeoutMs,
        tried: tried.map(({ ip, port }) => `${ip}:${String(port)}`),
      },
    },
  );
}

/**
 * Puts on `error` which instances were tried; `errors` has what each of them gave, in the order of `tried`. An error that is frozen, or is no
 * object, stays as it is.
 */
export function markFailure(
  error: unknown,
  tried: readonly CallTarget[],
  errors: readonly unknown[],
): void {
  const service = tried[0]?.service;
  if (typeof error !== 'object' || error === null || service === undefined) return;
  const value = {
    service,
    ...placeOf(tried[0]),
    // One that was still under way was ended by what ended the call.
    tried: tried.map(({ ip, port }, at) => ({ ip, port, error: errors[at] ?? error })),
  };
  Reflect.defineProperty(error, CALL, { value, writable: true, configurable: true });
}

function placeOf(target: CallTarget | undefined): { group?: string; namespace?: string } {
  if (target === undefined) return {};
  const { group, namespace } = target;
  return { group, namespace };
}
