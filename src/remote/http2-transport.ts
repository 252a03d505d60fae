/**
 * Owns gRPC on `node:http2`: one TCP connection with Nacos' two methods, and the end of it all when any part ends. Called by
 * the session through the Transport interface. It never reconnects, shares or balances: a silent reconnect would be a new,
 * unregistered identity to the server (docs/protocol.md#trap-2). It never keeps the process alive, but for a connect
 * under way and for calls that a user awaits, both bounded.
 */
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';

import { ConnectionError, isNacosError, RequestTimeoutError } from '../errors.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { decodePayload, encodePayload, type Payload } from '../wire/payload.js';
import { startCall, type UnaryCall } from './grpc-call.js';
import { FrameReader, frameMessage } from './grpc-frames.js';
import { failureOfHead, failureOfTrailers } from './grpc-status.js';
import type { CallBounds, Connection, Endpoint, Transport } from './transport.js';

const UNARY_PATH = '/Request/request';
const STREAM_PATH = '/BiRequestStream/requestBiStream';
/** So that a long list or a big config does not wait for a window update at every 64 KiB. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** In MB, for all streams together; Node's default of 10 is less than one message of Nacos may have. */
const SESSION_MEMORY_MB = 64;

export function createHttp2Transport(clock: Clock): Transport {
  return {
    async connect(endpoint, bounds) {
      const socket = await openSocket(endpoint, bounds, clock);
      return new Http2Connection(socket, endpoint, clock);
    },
  };
}

/** A TCP connection. While it is being made it holds the process, so it is given up in time. */
function openSocket(
  endpoint: Endpoint,
  bounds: { timeoutMs: number; signal: AbortSignal },
  clock: Clock,
): Promise<Socket> {
  const where = `${endpoint.host}:${String(endpoint.grpcPort)}`;
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs } = bounds;
    if (signal.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const socket = connectTcp({ host: endpoint.host, port: endpoint.grpcPort, noDelay: true });
    const settle = (): void => {
      timer.cancel();
      stopSignal();
      socket.off('error', onError);
      socket.off('connect', onConnect);
    };
    const fail = (error: Error): void => {
      settle();
      // What it has to say after this is of no interest, but must not be an unheard error.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const refuse = (why: string, cause?: unknown): void => {
      fail(new ConnectionError('CONNECT_FAILED', `cannot connect to ${where}: ${why}`, { cause }));
    };
    const onError = (error: Error): void => refuse(error.message, error);
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const timer = clock.after(timeoutMs, () => {
      refuse(`no answer within ${String(timeoutMs)} ms`);
    });
    const stopSignal = onAbort(signal, () => fail(asError(signal.reason)));
    socket.on('error', onError);
    socket.on('connect', onConnect);
  });
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
    this.#where = `${socket.remoteAddress ?? endpoint.host}:${String(endpoint.grpcPort)}`;
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
    this.#session = connectHttp2(`http://${host}:${String(endpoint.grpcPort)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MB,
    });
    this.#session.unref();
    this.#session.once('connect', () => {
      if (!this.#ended) this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    });
    this.#session.on('error', (error) => this.#end(this.#lost(error)));
    this.#session.on('goaway', () => this.#end(this.#lost(new Error('the server is going away'))));
    this.#session.on('close', () => this.#end(this.#lost()));
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    const { signal, timeoutMs, holdsProcess } = bounds;
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
    return new Promise((resolve, reject) => {
      const call = this.#call(payload, (reply, failure) => {
        timer.cancel();
        stopSignal();
        if (reply === undefined) reject(this.#failed(failure));
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
    const stream = this.#session.request(headersOf(STREAM_PATH));
    const reader = new FrameReader();
    this.#stream = stream;
    stream.on('response', (headers) => {
      const failure = failureOfHead(headers);
      if (failure !== undefined) this.#end(this.#lost(failure));
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      try {
        for (const message of reader.push(chunk)) receive(decodePayload(message));
      } catch (error) {
        // A message we cannot read leaves the two sides with different ideas: start over.
        this.#end(asError(error));
      }
    });
    stream.on('trailers', (trailers) => this.#end(this.#lost(failureOfTrailers(trailers))));
    stream.on('error', (error) => this.#end(this.#lost(error)));
    stream.on('close', () => this.#end(this.#lost()));
  }

  send(payload: Payload): void {
    if (!this.#ended) this.#stream?.write(frameMessage(encodePayload(payload)));
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
    if (this.#endReason !== undefined) listener(this.#endReason);
  }

  close(): void {
    this.#onEnd = () => undefined;
    this.#end(this.#lost());
  }

  /** Settles later, never inside this call. */
  #call(payload: Payload, settle: Parameters<typeof startCall>[2]): UnaryCall {
    if (this.#ended) return this.#noCall(undefined, settle);
    try {
      const stream = this.#session.request(headersOf(UNARY_PATH));
      return startCall(stream, frameMessage(encodePayload(payload)), settle);
    } catch (error) {
      // The session is already going down and has not said so yet.
      return this.#noCall(asError(error), settle);
    }
  }

  #noCall(failure: Error | undefined, settle: Parameters<typeof startCall>[2]): UnaryCall {
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
    this.#session.destroy();
    this.#socket.destroy();
    this.#onEnd(reason);
  }

  #failed(failure: Error | undefined): Error {
    return isNacosError(failure) ? failure : this.#lost(failure);
  }

  #lost(cause?: Error): ConnectionError {
    const why = cause === undefined ? '' : `: ${cause.message}`;
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
