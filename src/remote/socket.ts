/**
 * Owns the way to an open socket for gRPC: TCP, and TLS on it where the endpoint wants that. Called by the HTTP/2 transport. While it is being
 * made it holds the process, whatever is unref'd; so it is given up when nothing else does. A server whose certificate does not stand is left,
 * and it is said what to do.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

import { ConnectionError } from '../errors.js';
import { hostPort } from '../model.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { onOnlyConnecting } from './only-connecting.js';
import { tlsProblem, type TlsMaterial } from './tls-material.js';
import type { Endpoint } from './transport.js';

export interface SocketParts {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly tls: TlsMaterial;
}

/** gRPC over TLS is negotiated by this name. */
const HTTP2 = 'h2';
/** A process that has nothing left to do is gone by then. */
const STILL_HERE_MS = 50;

/**
 * A process that has nothing left to do ends in the middle of it. Should it not end, something holds it that is not to be seen, like
 * a worker thread, and the socket is opened all the same.
 * @throws ConnectionError CONNECT_FAILED, TLS_FAILED, or the signal's reason
 */
export async function openSocket(
  endpoint: Endpoint,
  parts: SocketParts,
  mayHold = false,
): Promise<Socket> {
  const tls = endpoint.tls === true ? await parts.tls.connectOptions(endpoint.host) : undefined;
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, clock } = parts;
    if (signal.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const { socket, ready } = begin(endpoint, tls);
    socket.unref();
    const settle = (): void => {
      timer.cancel();
      stopGivingWay();
      stopSignal();
      socket.off('error', onError);
      socket.off(ready, onReady);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => fail(connectFailed(endpoint, textOf(error), error));
    const onReady = (): void => {
      if (tls !== undefined && alpnOf(socket) !== HTTP2) {
        fail(connectFailed(endpoint, 'the server speaks TLS, but no HTTP/2 over it'));
        return;
      }
      settle();
      resolve(socket);
    };
    const timer = clock.after(timeoutMs, () => {
      fail(connectFailed(endpoint, `no answer within ${String(timeoutMs)} ms`));
    });
    const stopSignal = onAbort(signal, () => fail(asError(signal.reason)));
    const giveWay = (): void => {
      settle();
      socket.destroy();
      clock.after(STILL_HERE_MS, () => resolve(openSocket(endpoint, parts, true)));
    };
    const stopGivingWay = mayHold ? () => undefined : onOnlyConnecting(clock, giveWay);
    // Until the session hears its errors, and after the attempt, they are of no interest, but must not be unheard.
    socket.on('error', () => undefined);
    socket.on('error', onError);
    socket.on(ready, onReady);
  });
}

function begin(
  { host, grpcPort }: Endpoint,
  tls: ConnectionOptions | undefined,
): { readonly socket: Socket; readonly ready: string } {
  if (tls === undefined) {
    return { socket: connectTcp({ host, port: grpcPort, noDelay: true }), ready: 'connect' };
  }
  const socket = connectTls({ ...tls, host, port: grpcPort, ALPNProtocols: [HTTP2] });
  socket.setNoDelay(true);
  return { socket, ready: 'secureConnect' };
}

function alpnOf(socket: Socket | TLSSocket): string | false | null {
  return 'alpnProtocol' in socket ? socket.alpnProtocol : null;
}

export function connectFailed(endpoint: Endpoint, why: string, cause?: unknown): ConnectionError {
  const where = addressOf(endpoint.host, endpoint.grpcPort);
  const isTls = cause instanceof Error && tlsProblem(cause) !== undefined;
  const text = `cannot connect to ${where}${endpoint.tls === true ? ' by TLS' : ''}: ${why}`;
  return new ConnectionError(isTls ? 'TLS_FAILED' : 'CONNECT_FAILED', text, { cause });
}

function textOf(error: Error): string {
  // A host name with several addresses: one error for each, and nothing in the error around them.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one) => asError(one).message).join(', ');
  }
  return tlsProblem(error) ?? error.message;
}

export function addressOf(host: string, port: number): string {
  return hostPort({ ip: host, port });
}
