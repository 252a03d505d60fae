/**
 * Owns the one place that knows grpc-js: a channel per connection, Nacos' two methods, and the end of it all when any part
 * ends. Called by the session through the Transport interface. It never reconnects, shares or balances: a silent
 * reconnect would be a new, unregistered identity to the server (docs/protocol.md#trap-2).
 */
import { connect as connectTcp, type Socket } from 'node:net';

import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ChannelOptions,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';

import { ConnectionError, RequestTimeoutError } from '../errors.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { decodePayload, encodePayload, type Payload } from '../wire/payload.js';
import { GuestCredentials } from './guest-credentials.js';
import type { CallBounds, Connection, Endpoint, Transport } from './transport.js';

const UNARY_PATH = '/Request/request';
const STREAM_PATH = '/BiRequestStream/requestBiStream';
/** What Nacos' own client and server allow (`DefaultGrpcClientConfig`), with room for the headers. */
const MAX_MESSAGE_BYTES = 11 * 1024 * 1024;

const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
  // A proxy of the environment is meant for the web, not for a registry inside the data centre.
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
};

const EMPTY_METADATA = new Metadata();
const identity = (bytes: Buffer): Buffer => bytes;
const serialize = (payload: Payload): Buffer => {
  const bytes = encodePayload(payload);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

export function createGrpcTransport(clock: Clock): Transport {
  return {
    async connect(endpoint, bounds) {
      const address = await probe(endpoint, bounds, clock);
      return new GrpcConnection(address, endpoint.grpcPort, clock);
    },
  };
}

/**
 * Proves that the port can be reached, and resolves a name to the one address to use. grpc-js cannot give up a
 * TCP connect, and a socket that is connecting keeps the process alive: this one we can destroy in time.
 */
function probe(
  endpoint: Endpoint,
  bounds: { timeoutMs: number; signal: AbortSignal },
  clock: Clock,
): Promise<string> {
  const where = `${endpoint.host}:${String(endpoint.grpcPort)}`;
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: endpoint.host, port: endpoint.grpcPort });
    const end = (settle: () => void): void => {
      timer.cancel();
      stopSignal();
      socket.destroy();
      settle();
    };
    const fail = (why: string, cause?: unknown): void => {
      end(() => {
        reject(
          new ConnectionError('CONNECT_FAILED', `cannot connect to ${where}: ${why}`, { cause }),
        );
      });
    };
    const abort = (): void => end(() => reject(asError(bounds.signal.reason)));
    const timer = clock.after(bounds.timeoutMs, () => {
      fail(`no answer within ${String(bounds.timeoutMs)} ms`);
    });
    const stopSignal = onAbort(bounds.signal, abort);
    socket.on('error', (error) => fail(error.message, error));
    socket.once('connect', () => {
      const address = socket.remoteAddress ?? endpoint.host;
      end(() => resolve(address));
    });
    if (bounds.signal.aborted) abort();
  });
}

class GrpcConnection implements Connection {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #where: string;
  #socket: Socket | undefined;
  #stream: ClientDuplexStream<Payload, Buffer> | undefined;
  #onEnd: (reason: Error) => void = () => undefined;
  #ended = false;
  #endReason: Error | undefined;

  constructor(address: string, port: number, clock: Clock) {
    this.#clock = clock;
    this.#where = `${address}:${String(port)}`;
    const target = address.includes(':')
      ? `ipv6:[${address}]:${String(port)}`
      : `ipv4:${address}:${String(port)}`;
    const guest = new GuestCredentials(credentials.createInsecure(), (socket) => {
      this.#socket = socket;
      if (this.#ended) socket.destroy();
    });
    this.#client = new Client(target, guest, CHANNEL_OPTIONS);
    this.#watch(connectivityState.IDLE);
  }

  get localAddress(): string {
    return this.#socket?.localAddress ?? '';
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    const { signal, timeoutMs } = bounds;
    if (this.#ended) return Promise.reject(this.#lost());
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        stopSignal();
      };
      const call = this.#client.makeUnaryRequest(
        UNARY_PATH,
        serialize,
        identity,
        payload,
        EMPTY_METADATA,
        (error: ServiceError | null, reply?: Buffer) => {
          settle();
          if (reply === undefined) {
            reject(this.#lost(error ?? undefined));
            return;
          }
          try {
            resolve(decodePayload(reply));
          } catch (malformed) {
            reject(asError(malformed));
          }
        },
      );
      const timer = this.#clock.after(
        timeoutMs,
        () => {
          settle();
          reject(
            new RequestTimeoutError(
              `${this.#where} did not answer ${payload.type} within ${String(Math.round(timeoutMs))} ms`,
            ),
          );
          call.cancel();
        },
        { holdsProcess: bounds.holdsProcess },
      );
      const stopSignal = onAbort(signal, () => {
        settle();
        reject(asError(signal?.reason));
        call.cancel();
      });
    });
  }

  openStream(receive: (payload: Payload) => void): void {
    if (this.#ended) return;
    const stream = this.#client.makeBidiStreamRequest(
      STREAM_PATH,
      serialize,
      identity,
      EMPTY_METADATA,
    );
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      if (this.#ended) return;
      try {
        receive(decodePayload(bytes));
      } catch (error) {
        // A message we cannot read leaves the two sides with different ideas: start over.
        this.#end(asError(error));
      }
    });
    stream.on('error', (error) => this.#end(this.#lost(error)));
    stream.on('end', () => this.#end(this.#lost()));
  }

  send(payload: Payload): void {
    if (!this.#ended) this.#stream?.write(payload);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
    if (this.#endReason !== undefined) listener(this.#endReason);
  }

  close(): void {
    this.#onEnd = () => undefined;
    this.#end(this.#lost());
  }

  /** Follows the channel: once it was ready, leaving that state is the end. */
  #watch(seen: connectivityState): void {
    const channel = this.#client.getChannel();
    channel.watchConnectivityState(seen, Infinity, () => {
      if (this.#ended) return;
      const now = channel.getConnectivityState(false);
      if (now === connectivityState.TRANSIENT_FAILURE || seen === connectivityState.READY) {
        this.#end(this.#lost());
      } else {
        this.#watch(now);
      }
    });
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endReason = reason;
    this.#stream?.cancel();
    this.#client.close();
    this.#socket?.destroy();
    this.#onEnd(reason);
  }

  #lost(cause?: Error): ConnectionError {
    const why = cause === undefined ? '' : `: ${cause.message}`;
    return new ConnectionError('CONNECTION_LOST', `connection to ${this.#where} ended${why}`, {
      cause,
    });
  }
}
