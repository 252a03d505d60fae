/**
 * Owns one question to the app's own server: does this path answer with a 2xx status? Used by the readiness gate. It goes to the bound port,
 * over loopback where the server is bound to every address; the certificate of an https server is not checked, since it names the
 * outside. HTTP/1.1, or HTTP/2 where that is all the server speaks. It never rejects and keeps no process alive.
 */
import type { ClientHttp2Session } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import { hostPort } from '../model.js';
import type { ListeningServer } from '../process-hub.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { isUnspecified, plainAddress } from './identity/interfaces.js';

export interface ProbeBounds {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** `status 503`, `connect ECONNREFUSED 127.0.0.1:8080`. */
  readonly detail: string;
}

export type ProbeOwnServer = (
  server: ListeningServer,
  path: string,
  bounds: ProbeBounds,
) => Promise<ProbeResult>;

export async function probeOwnServer(
  server: ListeningServer,
  path: string,
  bounds: ProbeBounds,
): Promise<ProbeResult> {
  let detail = '';
  for (const ip of addressesOf(server.host)) {
    const place = { ip, port: server.port };
    const abort = new AbortController();
    const timer = bounds.clock.after(bounds.timeoutMs, () =>
      abort.abort(new Error(`no answer within ${String(bounds.timeoutMs)} ms`)),
    );
    const stop = onAbort(bounds.signal, () => abort.abort(new Error('not wanted any more')));
    try {
      const status = await ask(server, { place, path, signal: abort.signal });
      return { ok: status >= 200 && status < 300, detail: `status ${String(status)}` };
    } catch (error) {
      detail = asError(error).message;
      if (abort.signal.aborted) break;
    } finally {
      timer.cancel();
      stop();
    }
  }
  return { ok: false, detail };
}

/** A machine may have IPv6 without its loopback address. */
function addressesOf(boundHost: string): readonly string[] {
  const bound = plainAddress(boundHost);
  if (!isUnspecified(bound)) return [bound];
  return bound.includes(':') ? ['::1', '127.0.0.1'] : ['127.0.0.1'];
}

interface Question {
  readonly place: { readonly ip: string; readonly port: number };
  readonly path: string;
  readonly signal: AbortSignal;
}

async function ask(server: ListeningServer, question: Question): Promise<number> {
  if (server.scheme === 'https') return askSecurely(question);
  // A plain http2 server answers nothing else; there is no negotiation without TLS.
  if (isHttp2(server.local)) return askByHttp2(question, undefined);
  return askByHttp1(question, undefined);
}

/** The server chooses the protocol. */
async function askSecurely(question: Question): Promise<number> {
  const { connect } = await import('node:tls');
  const { place, signal } = question;
  const socket = connect({
    host: place.ip,
    port: place.port,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  });
  socket.unref();
  return bounded(
    signal,
    () => socket.destroy(),
    (resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed the connection')));
      socket.once('secureConnect', () => {
        const answer =
          socket.alpnProtocol === 'h2'
            ? askByHttp2(question, socket)
            : askByHttp1(question, socket);
        answer.then(resolve, reject);
      });
    },
  );
}

async function askByHttp1(question: Question, socket: Socket | undefined): Promise<number> {
  const { request } = await import('node:http');
  const { place, path, signal } = question;
  const asked = request({
    host: place.ip,
    port: place.port,
    path,
    headers: { 'user-agent': 'nacos-serving', host: hostPort(place), connection: 'close' },
    // A connection of its own, out of every pool; an agent would take no notice of the one that is given.
    ...(socket === undefined ? { agent: false as const } : { createConnection: () => socket }),
  });
  return bounded(
    signal,
    () => asked.destroy(),
    (resolve, reject) => {
      asked.on('socket', (used) => used.unref());
      asked.on('error', reject);
      asked.on('response', (answer: IncomingMessage) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.end();
    },
  );
}

async function askByHttp2(question: Question, socket: Socket | undefined): Promise<number> {
  const { connect } = await import('node:http2');
  const { place, path, signal } = question;
  const scheme = socket === undefined ? 'http' : 'https';
  const session: ClientHttp2Session = connect(
    `${scheme}://${hostPort(place)}`,
    socket === undefined ? {} : { createConnection: () => socket },
  );
  session.unref();
  // Not inside one of its own events: that hangs or aborts Node 20.
  const end = (): void => void setImmediate(() => session.destroy());
  return bounded(signal, end, (resolve, reject) => {
    session.on('error', reject);
    session.on('close', () => reject(new Error('the server closed the connection')));
    const stream = session.request({ ':path': path, 'user-agent': 'nacos-serving' });
    stream.on('error', reject);
    stream.on('response', (headers) => resolve(headers[':status'] ?? 0));
    stream.resume();
    stream.end();
  });
}

/** `end` runs whatever the outcome: nothing of a probe stays open. */
async function bounded(
  signal: AbortSignal,
  end: () => void,
  run: (resolve: (status: number) => void, reject: (error: Error) => void) => void,
): Promise<number> {
  let stop = (): void => undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      stop = onAbort(signal, () => reject(asError(signal.reason)));
      if (signal.aborted) reject(asError(signal.reason));
      run(resolve, reject);
    });
  } finally {
    stop();
    end();
  }
}

/** Its class is not exported anywhere, so its name has to do; classes of others may stand in between. */
function isHttp2(server: object | undefined): boolean {
  for (let proto: unknown = server; typeof proto === 'object' && proto !== null;) {
    if (proto.constructor.name === 'Http2Server') return true;
    proto = Object.getPrototypeOf(proto);
  }
  return false;
}
