/** Owns a call as routers see it, for tests that do not care what is called. */
import type { CallInfo } from '../../src/process-hub.js';

export function aCall(
  given: Partial<CallInfo> & { headers?: Record<string, string> } = {},
): CallInfo {
  const { headers = {}, ...rest } = given;
  return {
    method: 'GET',
    path: '/',
    isReplayable: true,
    header: (name) => headers[name],
    ...rest,
  };
}

export const A_CALL = aCall();
