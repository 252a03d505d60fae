/**
 * Owns one call over HTTP or HTTPS to Nacos or to what lists its servers and keys. Called by the login, the address server, the documents of STS
 * and the HTTP API. The socket is ours alone and ends with the call: no agent, hook or proxy of the app sees it. A call that drips is
 * ended by its bound. What is sent and answered is quoted in no error.
 */
import { Agent, request, type RequestOptions } from 'node:http';
import { Agent as SecureAgent, request as requestSecure } from 'node:https';

import { ConnectionError, RequestTimeoutError } from '../errors.js';
import { hostPort } from '../model.js';
import { onAbort } from '../util/abort.js';
import { systemClock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import { tlsProblem, type TlsMaterial } from './tls-material.js';

export interface HttpTarget {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as a form, in the body: URLs get into the logs of servers and proxies. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** Names the call in errors: `login`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly tls: TlsMaterial;
  /** Of the answer. Default 64 KiB. */
  readonly maxBytes?: number;
  /** Default false: nobody's code awaits it. */
  readonly holdsProcess?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** By their names in lower case; of several values the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** Resolves whatever the status. @throws ConnectionError, RequestTimeoutError, the signal's reason */
export async function httpCall(target: HttpTarget, call: HttpCall): Promise<HttpAnswer> {
  const tls = target.secure ? await call.tls.connectOptions(target.host) : undefined;
  if (call.signal?.aborted === true) throw asError(call.signal.reason);
  const { form, maxBytes = MAX_ANSWER_BYTES } = call;
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const options: RequestOptions = {
    host: target.host,
    port: target.port,
    path: call.path,
    method: call.method,
    headers: { ...call.headers, ...(body === undefined ? {} : formHeaders(body)) },
  };
  // An agent of its own, whose sockets nobody else gets and which is gone with this call.
  const sent =
    tls === undefined
      ? request({ ...options, agent: new Agent({ keepAlive: false }) })
      : requestSecure({ ...options, ...tls, agent: new SecureAgent({ keepAlive: false }) });
  return new Promise((resolve, reject) => {
    const unwatch = onAbort(call.signal, () => sent.destroy(asError(call.signal?.reason)));
    // Of the whole: an answer that drips would keep an idle socket busy for ever.
    const bound = systemClock.after(call.timeoutMs, () => sent.destroy(notInTime(target, call)), {
      holdsProcess: call.holdsProcess ?? false,
    });
    const stop = (): void => {
      unwatch();
      bound.cancel();
    };
    const fail = (error: Error): void => {
      stop();
      const known = call.signal?.aborted === true || error instanceof RequestTimeoutError;
      reject(known ? error : unreachable(target, call, error));
    };
    if (call.holdsProcess !== true) sent.on('socket', (socket) => socket.unref());
    sent.on('error', fail);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > maxBytes) response.destroy(new Error('the answer is too long'));
      });
      // Cut short by the bound or the signal, it says no more than that it was.
      response.on('error', (error) => fail(asError(sent.errored ?? error)));
      response.on('end', () => {
        stop();
        resolve({
          status: response.statusCode ?? 0,
          headers: firstOfEach(response.headers),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    sent.end(body);
  });
}

function formHeaders(body: string): Record<string, string | number> {
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  };
}

function firstOfEach(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat()[0] ?? '']),
  );
}

function notInTime(target: HttpTarget, call: HttpCall): RequestTimeoutError {
  const where = hostPort({ ip: target.host, port: target.port });
  return new RequestTimeoutError(
    `${call.what} at ${where} was not answered within ${String(call.timeoutMs)} ms`,
  );
}

function unreachable(target: HttpTarget, call: HttpCall, cause: Error): ConnectionError {
  const where = hostPort({ ip: target.host, port: target.port });
  const tls = tlsProblem(cause);
  const why = tls ?? ('code' in cause ? String(cause.code) : cause.message);
  return new ConnectionError(
    tls === undefined ? 'CONNECT_FAILED' : 'TLS_FAILED',
    `${call.what} at ${where}: ${why}`,
    { cause },
  );
}
