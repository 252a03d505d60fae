/**
 * Owns a scripted Nacos server for unit tests of the session and of what stands on it. No sockets: each connection records what
 * it was sent and answers from a table that the test may change at any time.
 */
import { ConnectionError } from '../../src/errors.js';
import type { CallBounds, Connection, Endpoint, Transport } from '../../src/remote/transport.js';
import { decodeJson, encodeJson, type JsonObject } from '../../src/wire/json.js';
import { successBody } from '../../src/wire/messages/common.js';
import type { Payload } from '../../src/wire/payload.js';
import { RESPONSE_OF } from '../../src/wire/type-map.js';

export interface Sent {
  readonly type: string;
  readonly body: JsonObject;
  readonly payload: Payload;
}

/** What a request is answered with: a type with a body, `'hang'` for silence, or an error of the transport. */
export type Reply = { readonly type?: string; readonly body: JsonObject } | 'hang' | Error;
export type Answer = (request: Sent, connection: FakeConnection) => Reply;

export class FakeConnection implements Connection {
  readonly localAddress = '10.9.8.7';
  readonly endpoint: Endpoint;
  readonly unarySent: Sent[] = [];
  readonly streamSent: Sent[] = [];
  closed = false;
  #receive: (payload: Payload) => void = () => undefined;
  #onEnd: (reason: Error) => void = () => undefined;
  readonly #server: FakeServer;
  readonly #pending = new Set<(error: Error) => void>();

  constructor(endpoint: Endpoint, server: FakeServer) {
    this.endpoint = endpoint;
    this.#server = server;
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    if (this.closed) return Promise.reject(lost());
    const sent = { type: payload.type, body: decodeJson(payload.body, payload.type), payload };
    this.unarySent.push(sent);
    const reply = this.#server.answer(sent, this);
    if (reply instanceof Error) return Promise.reject(reply);
    if (reply === 'hang') {
      return new Promise((_resolve, reject) => {
        this.#pending.add(reject);
        this.#server.onHang(bounds, reject, payload.type);
      });
    }
    return Promise.resolve(payloadOf(reply.type ?? RESPONSE_OF[payload.type] ?? '', reply.body));
  }

  openStream(receive: (payload: Payload) => void): void {
    this.#receive = receive;
  }

  send(payload: Payload): void {
    if (this.closed) return;
    const sent = { type: payload.type, body: decodeJson(payload.body, payload.type), payload };
    this.streamSent.push(sent);
    this.#server.onStream(sent, this);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
  }

  close(): void {
    this.closed = true;
    for (const reject of this.#pending) reject(lost());
    this.#pending.clear();
  }

  /** The server sends a request on the stream. */
  push(type: string, body: JsonObject): void {
    this.#receive(payloadOf(type, body));
  }

  /** The connection breaks. */
  drop(): void {
    const tell = this.#onEnd;
    this.close();
    tell(lost());
  }

  sentTypes(): readonly string[] {
    return this.unarySent.map((sent) => sent.type);
  }
}

export class FakeServer {
  readonly connections: FakeConnection[] = [];
  /** Answers by request type; what is not listed succeeds with an empty body. */
  readonly answers = new Map<string, Answer>();
  /** False: connecting fails. */
  reachable = true;
  negotiates = true;
  acknowledges = true;
  onHang: (bounds: CallBounds, reject: (error: Error) => void, type: string) => void = () =>
    undefined;

  readonly transport: Transport = {
    connect: (endpoint) => {
      if (!this.reachable) {
        return Promise.reject(new ConnectionError('CONNECT_FAILED', 'connection refused'));
      }
      const connection = new FakeConnection(endpoint, this);
      this.connections.push(connection);
      return Promise.resolve(connection);
    },
  };

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has connected yet');
    return connection;
  }

  answer(request: Sent, connection: FakeConnection): Reply {
    const scripted = this.answers.get(request.type);
    if (scripted !== undefined) return scripted(request, connection);
    if (request.type === 'ServerCheckRequest') {
      return {
        body: successBody(
          this.negotiates ? { connectionId: 'c1', supportAbilityNegotiation: true } : {},
        ),
      };
    }
    return { body: successBody() };
  }

  onStream(sent: Sent, connection: FakeConnection): void {
    if (sent.type === 'ConnectionSetupRequest' && this.negotiates && this.acknowledges) {
      queueMicrotask(() =>
        connection.push('SetupAckRequest', { abilityTable: { fuzzyWatch: true } }),
      );
    }
  }
}

function payloadOf(type: string, body: JsonObject): Payload {
  return { type, headers: {}, clientIp: '', body: encodeJson(body) };
}

function lost(): ConnectionError {
  return new ConnectionError('CONNECTION_LOST', 'connection ended');
}
