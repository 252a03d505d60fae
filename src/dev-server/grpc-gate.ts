/**
 * Owns the gRPC port: a TCP front whose sockets are piped into a grpc-js server on an inner loopback port. Called by
 * the server, which gets unary calls and streams with the peer they belong to. The pipe in between is what makes
 * the TCP faults true to life: a frozen gate answers not even an HTTP/2 ping, as a stopped process does.
 * It never looks into a message.
 */
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { connect, createServer, type Socket } from 'node:net';

import type { Clock } from '../util/clock.js';
import { decodePayload, encodePayload, type Payload } from '../wire/payload.js';
import type { Peer } from './connections.js';
import { TcpFront } from './tcp-front.js';
import { createTlsServer, type DevServerTls } from './tls.js';

/** What the gate hands up. */
export interface GateHandlers {
  /** The TCP connection is gone, whoever ended it. */
  onClose(peer: Peer): void;
  onUnary(peer: Peer, request: Payload): Promise<Payload>;
  onStream(peer: Peer, stream: ServerDuplexStream<Payload, Payload>): void;
}

export interface GrpcGateOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly handlers: GateHandlers;
  /** Default: plain text. */
  readonly tls: DevServerTls | undefined;
}

/** Limit of real servers in both directions (docs/protocol.md#limits). */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
const INNER_HOST = '127.0.0.1';

interface Pipe {
  readonly outer: Socket;
  readonly inner: Socket;
  readonly peer: Peer;
}

export class GrpcGate {
  readonly front: TcpFront;
  readonly #options: GrpcGateOptions;
  /** By the inner address, which is what a call's getPeer() says. */
  readonly #pipes = new Map<string, Pipe>();
  #server: Server | undefined;
  #innerPort = 0;
  #frozen = false;

  constructor(options: GrpcGateOptions) {
    this.#options = options;
    this.front = new TcpFront({
      host: options.host,
      createServer: () => {
        const bridge = (socket: Socket): void => this.#bridge(socket);
        const { tls } = options;
        return tls === undefined
          ? createServer({ noDelay: true }, bridge)
          : createTlsServer(tls, bridge);
      },
    });
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Starts the inner server; the front is told to listen apart from that, since faults stop it too. */
  async start(): Promise<void> {
    const server = new Server({
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.enable_channelz': 0,
    });
    server.addService(
      {
        request: {
          path: '/Request/request',
          requestStream: false,
          responseStream: false,
          requestSerialize: encodePayload,
          requestDeserialize: decodePayload,
          responseSerialize: encodePayload,
          responseDeserialize: decodePayload,
        },
        requestBiStream: {
          path: '/BiRequestStream/requestBiStream',
          requestStream: true,
          responseStream: true,
          requestSerialize: encodePayload,
          requestDeserialize: decodePayload,
          responseSerialize: encodePayload,
          responseDeserialize: decodePayload,
        },
      },
      {
        request: (call: ServerUnaryCall<Payload, Payload>, done: sendUnaryData<Payload>) =>
          this.#unary(call, done),
        requestBiStream: (call: ServerDuplexStream<Payload, Payload>) => this.#stream(call),
      },
    );
    this.#innerPort = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${INNER_HOST}:0`, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    this.#server = server;
  }

  /** Frozen: sockets stay open and new ones are accepted, but no byte goes either way. */
  freeze(on: boolean): void {
    if (this.#frozen === on) return;
    this.#frozen = on;
    for (const pipe of this.#pipes.values()) {
      if (on) unjoin(pipe);
      else join(pipe);
    }
  }

  async close(): Promise<void> {
    await this.front.close();
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  #bridge(outer: Socket): void {
    const { clock, handlers } = this.#options;
    const remoteIp = plainIp(outer.remoteAddress ?? '');
    const remotePort = outer.remotePort ?? 0;
    const connectionId = `${String(clock.wallMs())}_${remoteIp}_${String(remotePort)}`;
    const peer: Peer = { connectionId, remoteIp, remotePort, drop: () => outer.destroy() };
    const inner = connect({ port: this.#innerPort, host: INNER_HOST, noDelay: true });
    let key: string | undefined;

    inner.once('connect', () => {
      if (outer.destroyed) return;
      key = `${INNER_HOST}:${String(inner.localPort)}`;
      const pipe = { outer, inner, peer };
      this.#pipes.set(key, pipe);
      if (!this.#frozen) join(pipe);
    });
    // Of TLS, whose errors come here and not at the TCP socket.
    outer.on('error', () => undefined);
    // Ends of one side become ends of the other through 'close'.
    inner.on('error', () => undefined);
    inner.once('close', () => outer.destroy());
    outer.once('close', () => {
      inner.destroy();
      if (key === undefined) return;
      this.#pipes.delete(key);
      handlers.onClose(peer);
    });
  }

  #unary(call: ServerUnaryCall<Payload, Payload>, done: sendUnaryData<Payload>): void {
    const peer = this.#pipes.get(call.getPeer())?.peer;
    if (peer === undefined) {
      done({ code: status.UNAVAILABLE, details: 'connection is closed' });
      return;
    }
    this.#options.handlers.onUnary(peer, call.request).then(
      (answer) => done(null, answer),
      (error: unknown) => done({ code: status.INTERNAL, details: String(error) }),
    );
  }

  #stream(call: ServerDuplexStream<Payload, Payload>): void {
    // A cancelled stream is told by 'cancelled' and 'end'; as an error it has no one to tell.
    call.on('error', () => undefined);
    const peer = this.#pipes.get(call.getPeer())?.peer;
    if (peer === undefined) call.end();
    else this.#options.handlers.onStream(peer, call);
  }
}

function join({ outer, inner }: Pipe): void {
  outer.pipe(inner);
  inner.pipe(outer);
}

function unjoin({ outer, inner }: Pipe): void {
  outer.unpipe(inner);
  inner.unpipe(outer);
  outer.pause();
  inner.pause();
}

/** `::ffff:127.0.0.1` of a dual-stack socket as `127.0.0.1`. */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
}
