/**
 * Owns the steps from a TCP connection to a registered one: server check, setup, acknowledgement of abilities. Called by
 * the session for each attempt. It either returns a link that the server knows or throws and leaves nothing open.
 * Source: docs/protocol.md#handshake (Nacos `GrpcClient.connectToServer`).
 */
import { ProtocolError, RequestTimeoutError, ServerError } from '../errors.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { createDeferred, delay, waitWithin } from '../util/deferred.js';
import { decodeJson, encodeJson, type JsonObject } from '../wire/json.js';
import {
  ERROR_RESPONSE,
  ERROR_UNREGISTERED,
  isSuccess,
  readResponseHead,
} from '../wire/messages/common.js';
import {
  CONNECTION_SETUP_REQUEST,
  connectionSetupBody,
  HEALTH_CHECK_REQUEST,
  readAbilityTable,
  readServerCheckResponse,
  SERVER_CHECK_REQUEST,
  SERVER_CHECK_RESPONSE,
  SETUP_ACK_REQUEST,
  type AbilityTable,
  type ConnectionSetup,
} from '../wire/messages/connection.js';
import { FUZZY_WATCH_ABILITY } from '../wire/messages/fuzzy-watch.js';
import type { Payload } from '../wire/payload.js';
import type { Connection, Endpoint, Transport } from './transport.js';

/** Who we say we are. */
export interface Identity {
  /** `naming` and `config` never share a connection (docs/protocol.md#trap-3). */
  readonly module: 'naming' | 'config';
  readonly namespace: string;
  readonly appName: string;
  readonly clientVersion: string;
}

/** A connection which the server has registered. */
export interface Link {
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly serverAbilities: AbilityTable;
  /**
   * The server adds a batch to what the connection published before, instead of replacing it. r-nacos does; it is told
   * by the `success` field, which it leaves out of every response and Nacos never does.
   */
  readonly addsBatches: boolean;
}

export interface HandshakeOptions {
  readonly transport: Transport;
  readonly identity: Identity;
  readonly clock: Clock;
  /** Gets every message of the stream but the acknowledgement of the setup. */
  readonly receive: (payload: Payload, connection: Connection) => void;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 3000;
const SERVER_CHECK_TIMEOUT_MS = 3000;
const SETUP_ACK_TIMEOUT_MS = 5000;
/** What Nacos' clients wait after a setup that is not acknowledged. */
const SETUP_PAUSE_MS = 100;
const SETUP_TRIES = 10;
/** Locks are not for us. An absent table would mean no acknowledgement. */
const OUR_ABILITIES: AbilityTable = { [FUZZY_WATCH_ABILITY]: true };

/** @throws ConnectionError, RequestTimeoutError, ServerError (starting), ProtocolError, or the signal's reason. */
export async function shakeHands(endpoint: Endpoint, options: HandshakeOptions): Promise<Link> {
  const { transport, signal } = options;
  const connection = await transport.connect(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, signal });
  // Ends every wait of the attempt: with the connection, or with whoever wanted it.
  const attempt = new AbortController();
  const stopSignal = onAbort(signal, () => attempt.abort(signal.reason));
  if (signal.aborted) attempt.abort(signal.reason);
  connection.onEnd((reason) => attempt.abort(reason));
  try {
    return await introduce(endpoint, connection, { ...options, signal: attempt.signal });
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    stopSignal();
  }
}

async function introduce(
  endpoint: Endpoint,
  connection: Connection,
  options: HandshakeOptions,
): Promise<Link> {
  const checkBody = await checkServer(connection, options);
  const { supportAbilityNegotiation } = readServerCheckResponse(checkBody);
  const acknowledged = createDeferred<AbilityTable>();
  connection.openStream((payload) => {
    if (payload.type === SETUP_ACK_REQUEST) {
      // The only request of a server that is not answered (docs/protocol.md#trap-7).
      acknowledged.resolve(readAbilityTable(decodeJson(payload.body, payload.type)));
    } else {
      options.receive(payload, connection);
    }
  });
  connection.send(
    message(
      CONNECTION_SETUP_REQUEST,
      connection,
      connectionSetupBody(setupOf(options.identity, endpoint)),
    ),
  );
  const serverAbilities = supportAbilityNegotiation
    ? await waitWithin(acknowledged.promise, {
        clock: options.clock,
        timeoutMs: SETUP_ACK_TIMEOUT_MS,
        signal: options.signal,
        holdsProcess: false,
        onTimeout: () =>
          new RequestTimeoutError(
            `${connection.localAddress} was not acknowledged within ${String(SETUP_ACK_TIMEOUT_MS)} ms`,
          ),
      })
    : await untilRegistered(connection, options);
  return { connection, endpoint, serverAbilities, addsBatches: !('success' in checkBody) };
}

async function checkServer(connection: Connection, options: HandshakeOptions): Promise<JsonObject> {
  const reply = await connection.unary(message(SERVER_CHECK_REQUEST, connection, {}), {
    timeoutMs: SERVER_CHECK_TIMEOUT_MS,
    signal: options.signal,
    holdsProcess: false,
  });
  const body = decodeJson(reply.body, reply.type);
  if (reply.type === SERVER_CHECK_RESPONSE && isSuccess(readResponseHead(body))) return body;
  if (reply.type === ERROR_RESPONSE) {
    const { resultCode, errorCode, message: text } = readResponseHead(body);
    throw new ServerError('SERVER_FAILED', `server is not ready: ${text}`, {
      resultCode,
      errorCode,
    });
  }
  throw new ProtocolError('UNEXPECTED_RESPONSE', `server check was answered by ${reply.type}`);
}

/** Without negotiation nothing says that the setup arrived: pause, then ask until it is known. */
async function untilRegistered(
  connection: Connection,
  options: HandshakeOptions,
): Promise<AbilityTable> {
  for (let attempt = 1; ; attempt += 1) {
    await delay(options.clock, SETUP_PAUSE_MS, { signal: options.signal });
    const reply = await connection.unary(message(HEALTH_CHECK_REQUEST, connection, {}), {
      timeoutMs: SERVER_CHECK_TIMEOUT_MS,
      signal: options.signal,
      holdsProcess: false,
    });
    const head = readResponseHead(decodeJson(reply.body, reply.type));
    if (reply.type !== ERROR_RESPONSE && isSuccess(head)) return {};
    if (head.errorCode !== ERROR_UNREGISTERED || attempt >= SETUP_TRIES) {
      throw new ServerError('SERVER_FAILED', `server did not accept the setup: ${head.message}`, {
        resultCode: head.resultCode,
        errorCode: head.errorCode,
      });
    }
  }
}

function setupOf(identity: Identity, { tls = false }: Endpoint): ConnectionSetup {
  return {
    clientVersion: identity.clientVersion,
    tenant: identity.namespace,
    labels: {
      source: 'sdk',
      module: identity.module,
      AppName: identity.appName,
      'tls.enable': String(tls),
    },
    abilityTable: OUR_ABILITIES,
  };
}

/** A request in the form every known server accepts: no nulls, `headers` and `module` may stay out. */
export function message(
  type: string,
  connection: Pick<Connection, 'localAddress'>,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): Payload {
  return { type, headers, clientIp: connection.localAddress, body: encodeJson(body) };
}
