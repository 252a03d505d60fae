/**
 * Owns the registered connections: who is there, what it said in its setup, when it was last heard of, and which
 * requests of ours it still has to ack. Called by the request order, the pushes and the idle check. A connection
 * is registered from its setup to the end of its TCP connection; then all that it owned goes (`onGone`).
 * Source: docs/protocol.md#handshake, #server-requests (Nacos `ConnectionManager`, `RpcAckCallbackSynchronizer`).
 */
import type { Clock, Timer } from '../util/clock.js';
import { encodeJson, readString, type JsonObject } from '../wire/json.js';
import { isSuccess, readResponseHead } from '../wire/messages/common.js';
import type { ConnectionSetup } from '../wire/messages/connection.js';
import type { Payload } from '../wire/payload.js';

/** One TCP connection, registered or not. */
export interface Peer {
  /** `<epochMillis>_<remoteIp>_<remotePort>` */
  readonly connectionId: string;
  readonly remoteIp: string;
  readonly remotePort: number;
  /** Closes the TCP connection. */
  drop(): void;
}

/** The server's half of the stream. */
export interface PushStream {
  write(payload: Payload): unknown;
  end(): unknown;
}

/** gone: the connection or its stream ended, so nobody waits for the message any more. */
export type AckResult = 'acked' | 'failed' | 'gone';

interface PendingAck {
  readonly done: (result: AckResult) => void;
  readonly timer: Timer;
}

export interface ConnectionParts {
  readonly peer: Peer;
  readonly setup: ConnectionSetup;
  /** What the setup payload says; falls back to the remote address. */
  readonly clientIp: string;
  readonly stream: PushStream;
}

export class Connection {
  readonly peer: Peer;
  readonly setup: ConnectionSetup;
  readonly clientIp: string;
  readonly connectedAtMs: number;
  readonly #stream: PushStream;
  readonly #clock: Clock;
  readonly #nextRequestId: () => string;
  readonly #pending = new Map<string, PendingAck>();
  #lastActiveMs: number;
  #streamOpen = true;

  constructor(parts: ConnectionParts, clock: Clock, nextRequestId: () => string) {
    this.peer = parts.peer;
    this.setup = parts.setup;
    this.clientIp = parts.clientIp;
    this.#stream = parts.stream;
    this.#clock = clock;
    this.#nextRequestId = nextRequestId;
    this.connectedAtMs = clock.wallMs();
    this.#lastActiveMs = clock.nowMs();
  }

  get id(): string {
    return this.peer.connectionId;
  }

  /** Label `module`: `naming`, `config`, … */
  get module(): string {
    return this.setup.labels['module'] ?? '';
  }

  /** Milliseconds since the last request or ack. */
  get idleMs(): number {
    return this.#clock.nowMs() - this.#lastActiveMs;
  }

  touch(): void {
    this.#lastActiveMs = this.#clock.nowMs();
  }

  /** Sends without waiting for an answer. */
  notify(type: string, body: JsonObject): void {
    if (this.#streamOpen) {
      this.#stream.write({ type, headers: {}, clientIp: '', body: encodeJson(body) });
    }
  }

  /** Sends a request of ours and waits for its ack. Never rejects. */
  request(type: string, body: JsonObject, timeoutMs: number): Promise<AckResult> {
    if (!this.#streamOpen) return Promise.resolve('gone');
    const requestId = this.#nextRequestId();
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => this.#settle(requestId, 'failed'));
      this.#pending.set(requestId, { done: resolve, timer });
      this.notify(type, { headers: {}, requestId, ...body });
    });
  }

  /** Takes an answer from the stream; one that nobody waits for is ignored, as real servers do. */
  takeAck(body: JsonObject): void {
    this.touch();
    const result = isSuccess(readResponseHead(body)) ? 'acked' : 'failed';
    this.#settle(readString(body, 'requestId'), result);
  }

  /** The stream is over: nothing more can be pushed, and what is pending will never be acked. */
  streamEnded(stream: PushStream = this.#stream): void {
    if (stream !== this.#stream) return;
    this.#streamOpen = false;
    for (const requestId of [...this.#pending.keys()]) this.#settle(requestId, 'gone');
  }

  /** Completes the stream and closes the TCP connection. */
  close(): void {
    if (this.#streamOpen) this.#stream.end();
    this.streamEnded();
    this.peer.drop();
  }

  #settle(requestId: string, result: AckResult): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    this.#pending.delete(requestId);
    pending.timer.cancel();
    pending.done(result);
  }
}

export class Connections {
  readonly #clock: Clock;
  readonly #byPeer = new Map<Peer, Connection>();
  readonly #goneListeners: ((connection: Connection) => void)[] = [];
  #lastRequestId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called when a registered connection ends; what it owned must go at once (trap 25). */
  onGone(listener: (connection: Connection) => void): void {
    this.#goneListeners.push(listener);
  }

  /** A second setup on one connection changes nothing. */
  register(parts: ConnectionParts): Connection {
    const known = this.#byPeer.get(parts.peer);
    if (known !== undefined) return known;
    const connection = new Connection(parts, this.#clock, () => String((this.#lastRequestId += 1)));
    this.#byPeer.set(parts.peer, connection);
    return connection;
  }

  find(peer: Peer): Connection | undefined {
    return this.#byPeer.get(peer);
  }

  byId(connectionId: string): Connection | undefined {
    for (const connection of this.#byPeer.values()) {
      if (connection.id === connectionId) return connection;
    }
    return undefined;
  }

  all(): readonly Connection[] {
    return [...this.#byPeer.values()];
  }

  /** Forgets the connection and all it owned. Its TCP connection is the caller's business. */
  remove(peer: Peer): void {
    const connection = this.#byPeer.get(peer);
    if (connection === undefined) return;
    this.#byPeer.delete(peer);
    connection.streamEnded();
    for (const listener of this.#goneListeners) listener(connection);
  }
}
