/**
 * Owns the requests that keep a connection: the health check. Called by the request order. ServerCheckRequest is
 * answered there, before a connection is registered (trap 21).
 */
import { successBody } from '../../wire/messages/common.js';
import { HEALTH_CHECK_REQUEST } from '../../wire/messages/connection.js';
import type { RpcHandler } from '../rpc.js';

export function internalHandlers(): ReadonlyMap<string, RpcHandler> {
  return new Map([[HEALTH_CHECK_REQUEST, { handle: () => successBody() }]]);
}
