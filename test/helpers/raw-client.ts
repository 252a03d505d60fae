/**
 * Owns the smallest gRPC client that can speak to a Nacos server: one TCP connection, unary calls, the stream. For
 * tests of servers and for looking at real ones. Built on grpc-js and the codec only; it keeps no session, acks
 * nothing and repeats nothing, so a test says every message itself.
 */
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';

import { decodeJson, encodeJson, type JsonObject } from '../../src/wire/json.js';
import { decodePayload, encodePayload, type Payload } from '../../src/wire/payload.js';

/** A message as it came: its class name and its checked body. */
export interface RawMessage {
  readonly type: string;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RawCallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 5000. */
  readonly timeoutMs?: number;
}

const MAX_MESSAGE_BYTES = 20 * 1024 * 1024;
const serialize = (payload: Payload): Buffer => encodePayload(payload);
const deserialize = (bytes: Buffer): Payload => decodePayload(bytes);

export class RawClient implements AsyncDisposable {
  /** Everything that came on the stream, oldest first. */
  readonly received: RawMessage[] = [];
  readonly #client: Client;
  readonly #waiters = new Set<() => void>();
  #stream: ClientDuplexStream<Payload, Payload> | undefined;
  #streamEnded = false;

  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    });
  }

  /** Resolves when TCP and HTTP/2 stand. */
  connect(timeoutMs = 5000): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** One unary call. Rejects with the gRPC error when the call itself fails. */
  unary(type: string, body: unknown = {}, options: RawCallOptions = {}): Promise<RawMessage> {
    const { headers = {}, timeoutMs = 5000 } = options;
    return this.unaryBytes(type, encodeJson(body), { headers, timeoutMs });
  }

  /** Like `unary`, with a body that need not be JSON (or may hold nulls). */
  unaryBytes(type: string, body: Uint8Array, options: RawCallOptions = {}): Promise<RawMessage> {
    const { headers = {}, timeoutMs = 5000 } = options;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Payload, Payload>(
        '/Request/request',
        serialize,
        deserialize,
        { type, headers, clientIp: '127.0.0.1', body },
        { deadline: Date.now() + timeoutMs },
        (error, payload) => {
          if (error) reject(error);
          else if (payload === undefined) reject(new Error(`no answer to ${type}`));
          else resolve(toMessage(payload));
        },
      );
    });
  }

  openStream(): void {
    const stream = this.#client.makeBidiStreamRequest<Payload, Payload>(
      '/BiRequestStream/requestBiStream',
      serialize,
      deserialize,
    );
    stream.on('data', (payload: Payload) => {
      this.received.push(toMessage(payload));
      this.#wake();
    });
    const ended = (): void => {
      this.#streamEnded = true;
      this.#wake();
    };
    stream.on('end', ended);
    // Either way the test sees the end: through `streamEnd`.
    stream.on('error', ended);
    this.#stream = stream;
    this.#streamEnded = false;
  }

  /** Sends on the stream. */
  send(type: string, body: unknown, clientIp = '127.0.0.1'): void {
    if (this.#stream === undefined) throw new Error('openStream first');
    this.#stream.write({ type, headers: {}, clientIp, body: encodeJson(body) });
  }

  /** Acks a request of the server as a well-behaved client does. */
  ack(message: RawMessage, extra: JsonObject = {}): void {
    const type = message.type.replace(/Request$/, 'Response');
    const requestId = message.body['requestId'];
    this.send(type, { resultCode: 200, errorCode: 0, success: true, requestId, ...extra });
  }

  /** The first message of the stream that fits, also one that is already there. Takes it out. */
  async take(fits: string | ((message: RawMessage) => boolean)): Promise<RawMessage> {
    const test = typeof fits === 'string' ? (m: RawMessage): boolean => m.type === fits : fits;
    for (;;) {
      const at = this.received.findIndex(test);
      const [message] = at < 0 ? [] : this.received.splice(at, 1);
      if (message !== undefined) return message;
      if (this.#streamEnded) throw new Error('the stream ended before such a message came');
      await this.#change();
    }
  }

  /** Resolves when the server (or the network) has ended the stream. */
  async streamEnd(): Promise<void> {
    while (!this.#streamEnded) await this.#change();
  }

  get streamEnded(): boolean {
    return this.#streamEnded;
  }

  /** Ends the stream and keeps the connection. */
  endStream(): void {
    this.#stream?.end();
  }

  async close(): Promise<void> {
    this.#stream?.cancel();
    this.#client.close();
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resolve of waiters) resolve();
  }
}

/** A client whose TCP connection stands. `target` is `host:port` of the gRPC port. */
export async function connectRaw(target: string): Promise<RawClient> {
  const client = new RawClient(target);
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

function toMessage(payload: Payload): RawMessage {
  return {
    type: payload.type,
    headers: payload.headers,
    body: decodeJson(payload.body, payload.type),
  };
}
