/**
 * Owns gRPC on `node:http2`: one TCP connection with Nacos' two methods, and the end of it all when any part ends. Called by
 * the session through the Transport interface. It never reconnects, shares or balances: a silent reconnect would be a new,
 * unregistered identity to the server (docs/protocol.md#trap-2). It never keeps the process alive but for calls that a user
 * awaits, which are bounded.
 */
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';

import { ConnectionError, isNacosError, RequestTimeoutError } from '../errors.js';
import { silentLogger } from '../logger.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { decodePayload, encodePayload, type Payload } from '../wire/payload.js';
import { startCall, type Settle, type UnaryCall } from './grpc-call.js';
import { FrameReader, frameMessage } from './grpc-frames.js';
import { failureOfHead, failureOfTrailers } from './grpc-status.js';
import { addressOf, connectFailed, openSocket } from './socket.js';
import { TlsMaterial, tlsProblem } from './tls-material.js';
import type { CallBounds, Connection, Endpoint, Transport } from './transport.js';

const UNARY_PATH = '/Request/request';
const STREAM_PATH = '/BiRequestStream/requestBiStream';
/** So that a long list or a big config does not wait for a window update at every 64 KiB. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** In MB, for all streams together; Node's default of 10 is less than one message of Nacos may have. */
const SESSION_MEMORY_MB = 64;
/** What may wait on the stream for a server that does not read: three of the longest messages. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;

/** `tls`: for endpoints of TLS. Default: the authorities that Node trusts. */
export function createHttp2Transport(
  clock: Clock,
  tls = new TlsMaterial({}, silentLogger),
): Transport {
  return {
    async connect(endpoint, bounds) {
      const socket = await openSocket(endpoint, { ...bounds, clock, tls });
      try {
        return new Http2Connection(socket, endpoint, clock);
      } catch (error) {
        // Gone again already, or a host that is no part of a URL.
        socket.destroy();
        throw connectFailed(endpoint, asError(error).message, error);
      }
    },
  };
}

class Http2Connection implements Connection {
  readonly localAddress: string;
  readonly #clock: Clock;
  readonly #where: string;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined;
  #onEnd: (reason: Error) => void = () => undefined;
  #ended = false;
  #endReason: Error | undefined;

  constructor(socket: Socket, endpoint: Endpoint, clock: Clock) {
    this.#clock = clock;
    this.#socket = socket;
    this.localAddress = socket.localAddress ?? '';
    this.#where = addressOf(socket.remoteAddress ?? endpoint.host, endpoint.grpcPort);
    // The zone of a link-local address is our own name for one of our cables, and no part of a URL.
    const host = endpoint.host.replace(/%.*$/, '');
    const scheme = endpoint.tls === true ? 'https' : 'http';
    this.#session = connectHttp2(`${scheme}://${addressOf(host, endpoint.grpcPort)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MB,
    });
    this.#session.unref();
    this.#session.once('connect', () => {
      if (!this.#ended) this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    });
    this.#session.on('error', (error: Error) => this.#end(this.#lost(error)));
    this.#session.on('goaway', () => this.#end(this.#lost(new Error('the server is going away'))));
    this.#session.on('close', () => this.#end(this.#lost()));
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    const { signal, timeoutMs, holdsProcess } = bounds;
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
    return new Promise((resolve, reject) => {
      const call = this.#call(frameMessage(encodePayload(payload)), (reply, failure) => {
        timer.cancel();
        stopSignal();
        if (reply === undefined) reject(this.#failed(payload.type, failure));
        else settleWith(reply, resolve, reject);
      });
      const timer = this.#clock.after(
        timeoutMs,
        () => {
          stopSignal();
          call.cancel();
          const ms = String(Math.round(timeoutMs));
          reject(
            new RequestTimeoutError(
              `${this.#where} did not answer ${payload.type} within ${ms} ms`,
            ),
          );
        },
        { holdsProcess },
      );
      const stopSignal = onAbort(signal, () => {
        timer.cancel();
        call.cancel();
        reject(asError(signal?.reason));
      });
    });
  }

  openStream(receive: (payload: Payload) => void): void {
    if (this.#ended) return;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headersOf(STREAM_PATH));
    } catch (error) {
      // The session is already going down, and says so next.
      this.#end(this.#lost(asError(error)));
      return;
    }
    const reader = new FrameReader();
    this.#stream = stream;
    stream.on('response', (headers) => {
      const failure = failureOfHead(headers);
      if (failure !== undefined) this.#end(this.#lost(failure));
    });
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.push(chunk)) {
          // Also in between: one of them may have made its receiver close us.
          if (this.#ended) return;
          receive(decodePayload(message));
        }
      } catch (error) {
        // A message we cannot read leaves the two sides with different ideas: start over.
        this.#end(asError(error));
      }
    });
    stream.on('trailers', (trailers: IncomingHttpHeaders) =>
      this.#end(this.#lost(failureOfTrailers(trailers))),
    );
    // Also when the server ends its side without trailers: ours would stay open.
    stream.on('end', () => this.#end(this.#lost(new Error('the server ended the stream'))));
    stream.on('error', (error: Error) => this.#end(this.#lost(error)));
    stream.on('close', () => this.#end(this.#lost()));
  }

  send(payload: Payload): void {
    const stream = this.#stream;
    if (this.#ended || stream === undefined) return;
    stream.write(frameMessage(encodePayload(payload)));
    if (stream.writableLength > MAX_UNSENT_BYTES) {
      stream.destroy(new Error('the server does not read what we send'));
    }
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
    if (this.#endReason !== undefined) listener(this.#endReason);
  }

  close(): void {
    this.#onEnd = () => undefined;
    this.#end(this.#lost());
    this.#endReason = undefined;
  }

  /** Settles later, never inside this call. */
  #call(framed: Buffer, settle: Settle): UnaryCall {
    if (this.#ended) return this.#noCall(undefined, settle);
    try {
      return startCall(this.#session.request(headersOf(UNARY_PATH)), framed, settle);
    } catch (error) {
      // The session is already going down and has not said so yet.
      return this.#noCall(asError(error), settle);
    }
  }

  #noCall(failure: Error | undefined, settle: Settle): UnaryCall {
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) settle(undefined, failure);
    });
    return {
      cancel() {
        isCancelled = true;
      },
    };
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endReason = reason;
    // In a turn of its own: most of our events come while the parser of HTTP/2 is reading, and with other streams open it goes
    // on with memory that `destroy` has freed. The process then spins for ever or aborts (seen on Node 20).
    setImmediate(() => {
      this.#session.destroy();
      this.#socket.destroy();
    });
    this.#onEnd(reason);
  }

  #failed(type: string, failure: Error | undefined): Error {
    if (isNacosError(failure)) return failure;
    if (this.#ended || failure === undefined) return this.#lost(failure);
    // The connection may live on, but the request is as lost as with it.
    const why = tlsProblem(failure) ?? failure.message;
    const text = `${this.#where} did not answer ${type}: ${why}`;
    return new ConnectionError('CONNECTION_LOST', text, { cause: failure });
  }

  #lost(cause?: Error): ConnectionError {
    const why = cause === undefined ? '' : `: ${tlsProblem(cause) ?? cause.message}`;
    return new ConnectionError('CONNECTION_LOST', `connection to ${this.#where} ended${why}`, {
      cause,
    });
  }
}

function settleWith(
  reply: Buffer,
  resolve: (payload: Payload) => void,
  reject: (error: Error) => void,
): void {
  try {
    resolve(decodePayload(reply));
  } catch (error) {
    reject(asError(error));
  }
}

function headersOf(path: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'nacos-serving',
  };
}
