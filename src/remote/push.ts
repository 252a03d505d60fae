/**
 * Owns what the server asks of us on the stream: which handler takes a request, and its acknowledgement. Called by the
 * session for each message. Every request but the setup acknowledgement is answered at once, with the same
 * requestId and before any slow work (docs/protocol.md#trap-6); an unknown type gets no answer, as in Nacos' own client.
 */
import type { Logger } from '../logger.js';
import { asError } from '../util/deferred.js';
import { decodeJson, readString, type JsonObject } from '../wire/json.js';
import { ERROR_RESPONSE, failureBody, successBody } from '../wire/messages/common.js';
import type { Payload } from '../wire/payload.js';
import { RESPONSE_OF } from '../wire/type-map.js';
import { message } from './handshake.js';
import type { Connection } from './transport.js';

/** Takes the body of one server request. Synchronous; slow work is put off by the handler itself. */
export type PushHandler<Body> = (body: Body, connection: Connection) => void;

export interface ReadPush<Body> {
  readonly requestId: string;
  readonly body: Body;
}

/** From bytes to what the handler takes. @throws ProtocolError MALFORMED_MESSAGE */
export type PushReader<Body> = (bytes: Uint8Array, type: string) => ReadPush<Body>;

/** What is to be answered, and how the request is handled. */
interface Received {
  readonly requestId: string;
  readonly handle: () => void;
}

const CLIENT_ERROR = -500;

export class PushRouter {
  readonly #handlers = new Map<string, (payload: Payload, connection: Connection) => Received>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  handle<Body>(type: string, read: PushReader<Body>, handler: PushHandler<Body>): void {
    this.#handlers.set(type, (payload, connection) => {
      const { requestId, body } = read(payload.body, payload.type);
      return { requestId, handle: () => handler(body, connection) };
    });
  }

  receive(payload: Payload, connection: Connection): void {
    const read = this.#handlers.get(payload.type);
    const ackType = RESPONSE_OF[payload.type];
    if (read === undefined || ackType === undefined) {
      this.#logger.debug(`ignored ${payload.type} from the server`);
      return;
    }
    const { requestId, handle } = read(payload, connection);
    try {
      handle();
      connection.send(message(ackType, connection, successBody({ requestId })));
    } catch (error) {
      // A negative answer makes the server send it again, instead of believing that we know.
      this.#logger.warn(`cannot handle ${payload.type}: ${asError(error).message}`);
      const failure = failureBody(CLIENT_ERROR, 'cannot handle the request', { requestId });
      connection.send(message(ERROR_RESPONSE, connection, failure));
    }
  }
}

/** For what has no reader of its own. */
export function readJsonPush(bytes: Uint8Array, type: string): ReadPush<JsonObject> {
  const body = decodeJson(bytes, type);
  return { requestId: readString(body, 'requestId'), body };
}
