/**
 * Owns one HTTP request to one instance for `nacos-serving call`: sends it and says how it went. Called by `commands/call.ts`, which decides on
 * further attempts. A connection of its own, which ends with the response.
 */
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';

import type { CallTarget } from '../process-hub.js';
import { systemClock } from '../util/clock.js';
import { VERSION } from '../version.js';
import type { HeaderWord } from './lookup-args.js';

export interface RequestParts {
  /** As typed; it goes into Host and is the name that a certificate has to have. */
  readonly service: string;
  readonly secure: boolean;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly HeaderWord[];
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal;
}

export type AttemptResult = { readonly tookMs: number } & (
  | { readonly response: IncomingMessage }
  | { readonly outcome: 'unsent' | 'broken' | 'abandoned'; readonly error: Error }
);

/** Never rejects. */
export function attempt(parts: RequestParts, target: CallTarget): Promise<AttemptResult> {
  const beganMs = systemClock.nowMs();
  const tookMs = (): number => systemClock.nowMs() - beganMs;
  const secure = parts.secure || target.secure;
  return new Promise((resolve) => {
    let isConnected = false;
    const request = (secure ? requestHttps : requestHttp)(optionsFor(parts, target, secure));
    request.on('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        isConnected = true;
      });
    });
    request.on('response', (response) => resolve({ response, tookMs: tookMs() }));
    request.on('error', (error) => {
      const failed = isConnected ? 'broken' : 'unsent';
      const outcome = parts.signal.aborted ? 'abandoned' : failed;
      resolve({ outcome, error, tookMs: tookMs() });
    });
    request.end(parts.body);
  });
}

function optionsFor(parts: RequestParts, target: CallTarget, secure: boolean): RequestOptions {
  const { method, path, signal, body } = parts;
  const headers = new Map<string, string[]>();
  for (const [name, value] of parts.headers) {
    const lower = name.toLowerCase();
    headers.set(lower, [...(headers.get(lower) ?? []), value]);
  }
  const host = headers.get('host')?.[0] ?? parts.service;
  const defaults: Record<string, string> = {
    host,
    accept: '*/*',
    'user-agent': `nacos-serving/${VERSION}`,
    ...(body === undefined
      ? {}
      : {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(body.length),
        }),
  };
  for (const [name, value] of Object.entries(defaults)) {
    if (!headers.has(name)) headers.set(name, [value]);
  }
  return {
    host: target.ip,
    port: target.port,
    method,
    path,
    signal,
    // One header once is a text: Node takes a list for Host as an error.
    headers: Object.fromEntries(
      [...headers].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
    ),
    agent: false,
    ...(secure ? { servername: host.replace(/:\d+$/, '') } : {}),
  };
}
