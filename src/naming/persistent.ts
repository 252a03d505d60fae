/**
 * Owns persistent instances (`ephemeral: false`): rows that stay when we and the server's memory of us are gone, whose health the
 * server checks by itself. Called by the naming client. Each is one request and no wish: nothing is replayed, since nothing gets lost.
 * Source: docs/protocol.md#persistent (Nacos `NamingGrpcClientProxy.doRegisterServiceForPersistent`).
 */
import { ServerError } from '../errors.js';
import type { Instance } from '../model.js';
import type { WaitOptions } from '../naming-api.js';
import type { Session } from '../remote/session.js';
import { ERROR_NO_HANDLER, RESULT_FAIL } from '../wire/messages/common.js';
import type { DEREGISTER_INSTANCE, REGISTER_INSTANCE } from '../wire/messages/naming.js';
import {
  instanceBody,
  PERSISTENT_BY_GRPC_ABILITY,
  PERSISTENT_INSTANCE_REQUEST,
  type NamingTarget,
} from '../wire/messages/naming.js';

/**
 * Resolves when the server has stored or removed it.
 * @throws ServerError SERVER_UNSUPPORTED before Nacos 2.3 and on r-nacos, SERVER_REJECTED when the service has ephemeral instances.
 */
export async function sendPersistent(
  session: Pick<Session, 'ready' | 'request' | 'serverAbilities'>,
  type: typeof REGISTER_INSTANCE | typeof DEREGISTER_INSTANCE,
  what: { readonly target: NamingTarget; readonly instance: Instance },
  bounds: WaitOptions,
): Promise<void> {
  await session.ready(bounds);
  if (session.serverAbilities[PERSISTENT_BY_GRPC_ABILITY] !== true) {
    throw new ServerError(
      'SERVER_UNSUPPORTED',
      'this server takes no persistent instances over gRPC: that needs Nacos 2.3 or later',
      { resultCode: RESULT_FAIL, errorCode: ERROR_NO_HANDLER },
    );
  }
  const body = instanceBody(what.target, type, what.instance);
  await session.request(PERSISTENT_INSTANCE_REQUEST, body, bounds);
}
