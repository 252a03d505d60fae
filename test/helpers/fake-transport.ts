/**
 * Owns a scripted Nacos server for unit tests of the session and of what stands on it. No sockets: each connection records what
 * it was sent and answers from a table that the test may change at any time. It keeps the contract of the real
 * transport: bounds and signals of a call, calls that fail with their connection, an end that is told once.
 */
import { ConnectionError, RequestTimeoutError } from '../../src/errors.js';
import type { CallBounds, Connection, Endpoint, Transport } from '../../src/remote/transport.js';
import { onAbort } from '../../src/util/abort.js';
import type { Clock } from '../../src/util/clock.js';
import { asError } from '../../src/util/deferred.js';
import { decodeJson, encodeJson, type JsonObject } from '../../src/wire/json.js';
import { failureBody, successBody } from '../../src/wire/messages/common.js';
import type { Payload } from '../../src/wire/payload.js';
import { RESPONSE_OF } from '../../src/wire/type-map.js';

export interface Sent {
  readonly type: string;
  readonly body: JsonObject;
  readonly payload: Payload;
}

/**
 * What a request is answered with: a body with the type that fits or another one, `'hang'` for silence, an error of the transport,
 * or any of these later.
 */
export type Reply = { readonly type?: string; readonly body: JsonObject } | 'hang' | Error;
export type Answer = (request: Sent, connection: FakeConnection) => Reply | Promise<Reply>;

export class FakeConnection implements Connection {
  readonly localAddress = '10.9.8.7';
  readonly endpoint: Endpoint;
  readonly unarySent: Sent[] = [];
  readonly streamSent: Sent[] = [];
  streams = 0;
  closed = false;
  readonly #server: FakeServer;
  readonly #pending = new Set<(error: Error) => void>();
  #receive: (payload: Payload) => void = () => undefined;
  #onEnd: (reason: Error) => void = () => undefined;
  #endReason: Error | undefined;

  constructor(endpoint: Endpoint, server: FakeServer) {
    this.endpoint = endpoint;
    this.#server = server;
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    if (this.closed) return Promise.reject(lost());
    if (bounds.signal?.aborted === true) return Promise.reject(asError(bounds.signal.reason));
    const sent = sentOf(payload);
    this.unarySent.push(sent);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        stopSignal();
        this.#pending.delete(fail);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      const timer = this.#server.clock.after(
        bounds.timeoutMs,
        () => fail(new RequestTimeoutError(`no answer to ${payload.type}`)),
        { holdsProcess: bounds.holdsProcess },
      );
      const stopSignal = onAbort(bounds.signal, () => fail(asError(bounds.signal?.reason)));
      this.#pending.add(fail);
      const take = (reply: Reply): void => {
        if (reply instanceof Error) fail(reply);
        else if (reply !== 'hang' && this.#pending.has(fail)) {
          done();
          resolve(payloadOf(reply.type ?? RESPONSE_OF[payload.type] ?? '', reply.body));
        }
      };
      const reply = this.#server.answer(sent, this);
      if (reply instanceof Promise) void reply.then(take);
      else take(reply);
    });
  }

  openStream(receive: (payload: Payload) => void): void {
    this.streams += 1;
    this.#receive = receive;
  }

  send(payload: Payload): void {
    if (this.closed) return;
    const sent = sentOf(payload);
    this.streamSent.push(sent);
    this.#server.onStream(sent, this);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
    if (this.#endReason !== undefined) listener(this.#endReason);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const reject of [...this.#pending]) reject(lost());
    this.#server.onClosed(this);
  }

  /** The server sends a request on the stream. */
  push(type: string, body: JsonObject): void {
    if (!this.closed) this.#receive(payloadOf(type, body));
  }

  /** The connection breaks: we are told. */
  drop(): void {
    if (this.closed) return;
    this.#endReason = lost();
    this.close();
    this.#onEnd(this.#endReason);
  }

  /** Classes of the unary requests, without the checks and health checks that keep the connection. */
  sentTypes(): readonly string[] {
    return this.unarySent
      .map((sent) => sent.type)
      .filter((type) => type !== 'ServerCheckRequest' && type !== 'HealthCheckRequest');
  }

  countOf(type: string): number {
    return this.unarySent.filter((sent) => sent.type === type).length;
  }
}

export class FakeServer {
  readonly clock: Clock;
  readonly connections: FakeConnection[] = [];
  /** Every attempt to connect, also those that failed: `host:port` and when. */
  readonly attempts: { readonly host: string; readonly atMs: number }[] = [];
  /** Answers by request type; what is not listed succeeds with an empty body. */
  readonly answers = new Map<string, Answer>();
  /** Hosts that refuse a connect. */
  readonly dead = new Set<string>();
  /** False: connecting fails everywhere. */
  reachable = true;
  /** As Nacos 2.3 and later. False: as older ones and r-nacos, which also leave `success` out. */
  negotiates = true;
  acknowledges = true;
  /** What the acknowledgement says that the server can do. */
  abilities: JsonObject = { fuzzyWatch: true };
  onClosed: (connection: FakeConnection) => void = () => undefined;

  readonly transport: Transport = {
    connect: (endpoint, { signal }) => {
      this.attempts.push({ host: endpoint.host, atMs: this.clock.nowMs() });
      if (signal.aborted) return Promise.reject(asError(signal.reason));
      if (!this.reachable || this.dead.has(endpoint.host)) {
        return Promise.reject(new ConnectionError('CONNECT_FAILED', 'connection refused'));
      }
      const connection = new FakeConnection(endpoint, this);
      this.connections.push(connection);
      return Promise.resolve(connection);
    },
  };

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has connected yet');
    return connection;
  }

  /** Those that are open now. */
  get open(): readonly FakeConnection[] {
    return this.connections.filter((connection) => !connection.closed);
  }

  answer(request: Sent, connection: FakeConnection): Reply | Promise<Reply> {
    const scripted = this.answers.get(request.type);
    if (scripted !== undefined) return scripted(request, connection);
    return this.usual(request);
  }

  /** What an untroubled server answers. */
  usual(request: Sent): Reply {
    if (request.type !== 'ServerCheckRequest') return { body: this.success() };
    return {
      body: this.success(
        this.negotiates ? { connectionId: 'c1', supportAbilityNegotiation: true } : {},
      ),
    };
  }

  success(extra: JsonObject = {}): JsonObject {
    return this.negotiates ? successBody(extra) : { resultCode: 200, errorCode: 0, ...extra };
  }

  onStream(sent: Sent, connection: FakeConnection): void {
    if (sent.type === 'ConnectionSetupRequest' && this.negotiates && this.acknowledges) {
      queueMicrotask(() => connection.push('SetupAckRequest', { abilityTable: this.abilities }));
    }
  }
}

/** An ErrorResponse: a failure outside the handler, which may be repeated. */
export function errorResponse(errorCode: number, text = 'scripted'): Reply {
  return { type: 'ErrorResponse', body: failureBody(errorCode, text) };
}

/** A failure in the response class of the request, which is final. */
export function typedFailure(errorCode: number, text = 'scripted'): Reply {
  return { body: failureBody(errorCode, text) };
}

function sentOf(payload: Payload): Sent {
  return { type: payload.type, body: decodeJson(payload.body, payload.type), payload };
}

function payloadOf(type: string, body: JsonObject): Payload {
  return { type, headers: {}, clientIp: '', body: encodeJson(body) };
}

function lost(): ConnectionError {
  return new ConnectionError('CONNECTION_LOST', 'connection ended');
}
