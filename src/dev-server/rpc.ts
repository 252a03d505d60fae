/**
 * Owns the order in which a unary request is judged, and what happens to messages of the stream. Called by the gRPC
 * gate; hands good requests to the handlers. A failure is always a payload, never a gRPC status, and its
 * type says where it came from: ErrorResponse before or outside a handler, the handler's own type
 * otherwise. Source: docs/protocol.md#request-order (Nacos `GrpcRequestAcceptor`).
 */
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { decodeJson, encodeJson, type JsonObject } from '../wire/json.js';
import {
  ERROR_BAD_GATEWAY,
  ERROR_FORBIDDEN,
  ERROR_INVALID_PARAM,
  ERROR_NO_HANDLER,
  ERROR_OVER_THRESHOLD,
  ERROR_RESPONSE,
  ERROR_SERVER_STARTING,
  ERROR_UNREGISTERED,
  failureBody,
  RESULT_FAIL,
  successBody,
} from '../wire/messages/common.js';
import {
  CONNECTION_SETUP_REQUEST,
  HEALTH_CHECK_REQUEST,
  readConnectionSetup,
  SERVER_CHECK_REQUEST,
  SERVER_CHECK_RESPONSE,
  SETUP_ACK_REQUEST,
  type AbilityTable,
} from '../wire/messages/connection.js';
import { RESPONSE_OF } from '../wire/type-map.js';
import type { Payload } from '../wire/payload.js';
import type { Connection, Connections, Peer, PushStream } from './connections.js';
import type { FaultState } from './fault-state.js';
import type { Pauses } from './pauses.js';

/** What a handler gets: everything is checked already. */
export interface RpcCall {
  readonly body: JsonObject;
  readonly connection: Connection;
}

export interface RpcHandler {
  /** Throws (`require…` of request-shape.ts) when a field is missing that the strictest server wants. */
  readonly checkShape?: (body: JsonObject) => void;
  /** What is wrong with the parameters; undefined when nothing is. */
  readonly checkParams?: (body: JsonObject) => string | undefined;
  /** What the answer's class always has, also when it is a failure: Java writes its plain numbers and flags. */
  readonly failureFields?: JsonObject;
  /** The body of the answer. @throws ServerError, which becomes an ErrorResponse with its code. */
  handle(call: RpcCall): JsonObject;
}

export type RpcHandlers = ReadonlyMap<string, RpcHandler>;

export interface RpcParts {
  readonly pauses: Pauses;
  readonly logger: Logger;
  readonly connections: Connections;
  readonly handlers: RpcHandlers;
  readonly faults: FaultState;
  readonly abilities: AbilityTable;
  /** False: the login or the signature is missing, wrong or over. */
  readonly accepts: (module: string, request: Payload, body: JsonObject) => boolean;
}

/** What servers of a cluster ask each other; an SDK may not. */
const CLUSTER_ONLY = new Set(['ServerLoaderInfoRequest', 'ServerReloadRequest']);
/** A throttled client gets its answer this late, so that it cannot come back at once. */
const OVER_THRESHOLD_DELAY_MS = 1000;

interface Answer {
  readonly type: string;
  readonly body: JsonObject;
}

export class Rpc {
  readonly #parts: RpcParts;

  constructor(parts: RpcParts) {
    this.#parts = parts;
  }

  /** Answers one unary request; never rejects. */
  async answer(peer: Peer, request: Payload): Promise<Payload> {
    const { pauses, faults, logger } = this.#parts;
    const answer = this.#judge(peer, request);
    const throttled = answer.body['errorCode'] === ERROR_OVER_THRESHOLD;
    const delayMs = faults.delayMs + (throttled ? OVER_THRESHOLD_DELAY_MS : 0);
    logger.debug(`${request.type} -> ${answer.type} ${String(answer.body['errorCode'])}`);
    if (delayMs > 0) await pauses.wait(delayMs);
    return { type: answer.type, headers: {}, clientIp: '', body: encodeJson(answer.body) };
  }

  /** Takes one message of a peer's stream: its setup, or an ack. Anything else is ignored. */
  takeFromStream(peer: Peer, stream: PushStream, message: Payload): void {
    const { connections, logger } = this.#parts;
    let body: JsonObject;
    try {
      body = decodeJson(message.body, message.type);
    } catch (error) {
      // Real servers log and go on; so the sender notices nothing here either.
      logger.warn(`ignored a stream message: ${String(error)}`);
      return;
    }
    if (message.type === CONNECTION_SETUP_REQUEST) this.#setUp(peer, stream, message, body);
    else if (message.type.endsWith('Response')) connections.find(peer)?.takeAck(body);
    else logger.warn(`ignored a stream message of type ${message.type}`);
  }

  #setUp(peer: Peer, stream: PushStream, message: Payload, body: JsonObject): void {
    const { abilities, connections, faults, logger } = this.#parts;
    if (faults.starting) {
      stream.end();
      peer.drop();
      return;
    }
    const setup = readConnectionSetup(body);
    const clientIp = message.clientIp === '' ? peer.remoteIp : message.clientIp;
    const connection = connections.register({ peer, setup, clientIp, stream });
    logger.debug(`connection ${connection.id} is registered (${connection.module})`);
    // Trap 22: peers from before 2.3 send no table, and would not know what the ack is.
    if (setup.abilityTable !== undefined) {
      connection.notify(SETUP_ACK_REQUEST, {
        headers: {},
        module: 'internal',
        abilityTable: abilities,
      });
    }
  }

  #judge(peer: Peer, request: Payload): Answer {
    const { connections, faults, handlers } = this.#parts;
    const { type } = request;
    if (CLUSTER_ONLY.has(type)) {
      return refused(ERROR_BAD_GATEWAY, `invoke ${type} from sdk is forbidden`);
    }
    if (faults.starting) {
      return refused(ERROR_SERVER_STARTING, 'Server is starting,please try later.');
    }
    if (type === SERVER_CHECK_REQUEST) return this.#injected(type) ?? checked(peer);
    const handler = handlers.get(type);
    if (handler === undefined) return refused(ERROR_NO_HANDLER, 'RequestHandler Not Found');
    const connection = connections.find(peer);
    if (connection === undefined) return refused(ERROR_UNREGISTERED, 'Connection is unregistered.');
    return this.#handle(handler, connection, request);
  }

  /** The failure that a test has planned for this request. */
  #injected(type: string): Answer | undefined {
    const failure = this.#parts.faults.takeFailure(type);
    if (failure === undefined) return undefined;
    const { errorCode, message } = failure;
    if (failure.asErrorResponse) return refused(errorCode, message);
    const extra = this.#parts.handlers.get(type)?.failureFields ?? {};
    return { type: answerTypeOf(type), body: failureBody(errorCode, message, extra) };
  }

  #handle(handler: RpcHandler, connection: Connection, request: Payload): Answer {
    const { type } = request;
    let body: JsonObject;
    try {
      body = decodeJson(request.body, type);
    } catch (error) {
      return refused(ERROR_BAD_GATEWAY, messageOf(error));
    }
    connection.touch();
    const injected = this.#injected(type);
    if (injected !== undefined) return injected;
    // The liveness check is nobody's right in particular.
    if (type !== HEALTH_CHECK_REQUEST && !this.#parts.accepts(connection.module, request, body)) {
      const extra = handler.failureFields ?? {};
      return {
        type: answerTypeOf(type),
        body: failureBody(ERROR_FORBIDDEN, 'user not found!', extra),
      };
    }
    try {
      handler.checkShape?.(body);
      const wrong = handler.checkParams?.(body);
      if (wrong !== undefined) {
        const message = `Param check invalid:${wrong}`;
        const extra = handler.failureFields ?? {};
        const failure = failureBody(ERROR_INVALID_PARAM, message, extra);
        return { type: answerTypeOf(type), body: failure };
      }
      return { type: answerTypeOf(type), body: handler.handle({ body, connection }) };
    } catch (error) {
      if (error instanceof ServerError) return thrown(error.errorCode, error.message);
      this.#parts.logger.error(`handler of ${type} failed: ${String(error)}`);
      return thrown(RESULT_FAIL, messageOf(error));
    }
  }
}

function checked(peer: Peer): Answer {
  const { connectionId } = peer;
  return {
    type: SERVER_CHECK_RESPONSE,
    body: successBody({ connectionId, supportAbilityNegotiation: true }),
  };
}

/** An exception of a handler: both codes are the same number. */
function thrown(errorCode: number, message: string): Answer {
  const body = failureBody(errorCode, message, { resultCode: errorCode });
  return { type: ERROR_RESPONSE, body };
}

/** Refused before any handler. */
function refused(errorCode: number, message: string): Answer {
  return { type: ERROR_RESPONSE, body: failureBody(errorCode, message) };
}

function answerTypeOf(type: string): string {
  return RESPONSE_OF[type] ?? ERROR_RESPONSE;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
