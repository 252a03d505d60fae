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
export type PushHandler = (body: JsonObject, connection: Connection) => void;

const CLIENT_ERROR = -500;

export class PushRouter {
  readonly #handlers = new Map<string, PushHandler>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  handle(type: string, handler: PushHandler): void {
    this.#handlers.set(type, handler);
  }

  receive(payload: Payload, connection: Connection): void {
    const handler = this.#handlers.get(payload.type);
    const ackType = RESPONSE_OF[payload.type];
    if (handler === undefined || ackType === undefined) {
      this.#logger.debug(`ignored ${payload.type} from the server`);
      return;
    }
    const body = decodeJson(payload.body, payload.type);
    const requestId = readString(body, 'requestId');
    try {
      handler(body, connection);
      connection.send(message(ackType, connection, successBody({ requestId })));
    } catch (error) {
      // A negative answer makes the server send it again, instead of believing that we know.
      this.#logger.warn(`cannot handle ${payload.type}: ${asError(error).message}`);
      const failure = failureBody(CLIENT_ERROR, 'cannot handle the request', { requestId });
      connection.send(message(ERROR_RESPONSE, connection, failure));
    }
  }
}
