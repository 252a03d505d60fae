/**
 * Owns an HTTP/2 server of which a test says every frame: no gRPC library, so that it can be as wrong as a test wants. For
 * the tests of the transport. It remembers sockets, sessions and streams, and tells when something of them changes.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

import { FrameReader, frameMessage } from '../../src/remote/grpc-frames.js';
import type { Endpoint } from '../../src/remote/transport.js';
import { decodePayload, encodePayload, type Payload } from '../../src/wire/payload.js';

export interface Script {
  /** Gets each unary call when its request is whole. Default: answers with the request. */
  readonly unary?: (call: ServerHttp2Stream, request: Payload) => void;
  /** Gets each unary call when only its head is here, instead of `unary`; nothing reads its body. */
  readonly head?: (call: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  /** Gets the bi-directional stream. Default: opens it and sends back what comes. */
  readonly stream?: (stream: ServerHttp2Stream) => void;
  readonly settings?: Settings;
  readonly host?: string;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /** Open ones. */
  readonly sockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** RST_STREAM code of each stream that has ended, oldest first. */
  readonly endCodes: readonly (number | undefined)[];
  readonly calls: number;
  readonly callsAtOnce: number;
}

export const GRPC_HEAD = { ':status': 200, 'content-type': 'application/grpc' } as const;

export async function startScripted(script: Script = {}): Promise<ScriptedServer> {
  const server = createServer({ settings: script.settings ?? {} });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const endCodes: (number | undefined)[] = [];
  let calls = 0;
  let open = 0;
  let callsAtOnce = 0;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.once('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    open += 1;
    callsAtOnce = Math.max(callsAtOnce, open);
    stream.once('close', () => {
      open -= 1;
      endCodes.push(stream.rstCode);
    });
    if (headers[':path'] === '/BiRequestStream/requestBiStream') {
      (script.stream ?? echoStream)(stream);
      return;
    }
    calls += 1;
    if (script.head === undefined) onRequest(stream, script.unary ?? reply);
    else script.head(stream, headers);
  });
  const host = script.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: { host, port, grpcPort: port },
    sockets,
    sessions,
    endCodes,
    get calls() {
      return calls;
    },
    get callsAtOnce() {
      return callsAtOnce;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function onRequest(
  stream: ServerHttp2Stream,
  run: (stream: ServerHttp2Stream, request: Payload) => void,
): void {
  onMessages(stream, (request) => run(stream, request));
}

/** Calls for each message of the client. */
export function onMessages(stream: ServerHttp2Stream, run: (message: Payload) => void): void {
  const reader = new FrameReader();
  stream.on('data', (chunk: Buffer) => {
    for (const message of reader.push(chunk)) run(decodePayload(message));
  });
}

/** The whole good answer: head, message, status. */
export function reply(stream: ServerHttp2Stream, message: Payload): void {
  begin(stream);
  stream.end(framed(message));
}

/** The head of a good answer; its trailers follow `end` by themselves. */
export function begin(
  stream: ServerHttp2Stream,
  trailers: OutgoingHttpHeaders = { 'grpc-status': '0' },
): void {
  stream.respond(GRPC_HEAD, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
}

export function framed(message: Payload): Buffer {
  return frameMessage(encodePayload(message));
}

function echoStream(stream: ServerHttp2Stream): void {
  begin(stream);
  onMessages(stream, (message) => {
    stream.write(framed(message));
  });
}

/** Resolves when `isTrue`, looked at in every turn of the event loop. The test's own limit ends a wait for ever. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
