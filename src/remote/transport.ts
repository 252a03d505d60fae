/**
 * Owns the seam between the session and whatever carries its bytes. Implemented by `http2-transport.ts` and by the
 * fakes of the tests. A connection is one TCP connection, which is one identity to Nacos
 * (docs/protocol.md#trap-2): it never reconnects, it only ends.
 */
import type { Payload } from '../wire/payload.js';

/** One Nacos server: its HTTP address, as users write it, the port where it speaks gRPC, and how. */
export interface Endpoint {
  readonly host: string;
  /** Main (HTTP) port. */
  readonly port: number;
  /** Usually the main port + 1000. */
  readonly grpcPort: number;
  /** gRPC goes by TLS. Default false. */
  readonly tls?: boolean | undefined;
  /** HTTP goes by TLS. Default false. */
  readonly secure?: boolean | undefined;
  /** In front of the paths of the HTTP API; '' for none. Default `/nacos`. */
  readonly contextPath?: string | undefined;
}

export interface CallBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** True when a user's code awaits the call, which then keeps the process alive while it lasts. */
  readonly holdsProcess: boolean;
}

export interface Connection {
  /** Our own address on this connection, without brackets. */
  readonly localAddress: string;
  /** @throws ConnectionError, RequestTimeoutError, ProtocolError, or the signal's reason. */
  unary(payload: Payload, bounds: CallBounds): Promise<Payload>;
  /** Opens the one bi-directional stream; `receive` gets each message of the server. */
  openStream(receive: (payload: Payload) => void): void;
  /** Sends on the stream. After the end of the connection it does nothing. */
  send(payload: Payload): void;
  /** Calls once when the connection or its stream has ended, but not for our own `close`. */
  onEnd(listener: (reason: Error) => void): void;
  /** Ends everything at once: calls under way fail with CONNECTION_LOST. */
  close(): void;
}

export interface Transport {
  /** @throws ConnectionError CONNECT_FAILED, TLS_FAILED, or the signal's reason. */
  connect(
    endpoint: Endpoint,
    bounds: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Connection>;
}
