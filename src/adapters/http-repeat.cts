/**
 * Owns sending a request of Node a second time: what of it is kept before it goes out, and how it becomes again what it was before it had a socket.
 * Called by `http-call.cts`. A request that was ended before it got its socket is in its buffer as a whole; of others `http-late-body.cts`
 * keeps what goes out. It uses fields of Node's request that are not documented: where one is missing nothing is ever repeated.
 */
import type { IncomingMessage } from 'node:http';

import { wallMs } from './call-clock.cjs';
import type { HookedRequest } from './http-request.cjs';

export interface Piece {
  readonly data: unknown;
  readonly encoding: unknown;
  readonly callback: unknown;
}

/** A request as it was before anything of it went out. */
export interface WholeRequest {
  readonly pieces: readonly Piece[];
  readonly size: number;
  readonly shouldKeepAlive: boolean;
}

/** More than this is not held back until the response is there. */
export const MAX_REPEATED_BYTES = 1024 * 1024;
/** A refused response of at most this many bytes is read to its end, which keeps the connection. */
const MAX_READ_BYTES = 64 * 1024;

/** What a request has before it gets a socket. */
const FRESH: Readonly<Record<string, unknown>> = {
  destroyed: false,
  _closed: false,
  _ended: false,
  res: null,
  socket: null,
  parser: null,
  timeoutCb: null,
  reusedSocket: false,
  upgradeOrConnect: false,
};
const FIELDS = [...Object.keys(FRESH), 'outputData', 'outputSize', 'shouldKeepAlive', 'finished'];
/** Asked once: all requests of a process are made by one Node. */
let isAsKnown: boolean | undefined;

/** Its user has written all of it. */
export function isEnded(request: HookedRequest): boolean {
  return Reflect.get(request, 'finished');
}

/** undefined when the request is not ended, or is too large to be kept. */
export function wholeOf(request: HookedRequest): WholeRequest | undefined {
  isAsKnown ??= FIELDS.every((field) => field in request);
  if (!isAsKnown || !isEnded(request)) return undefined;
  const buffer: unknown = Reflect.get(request, 'outputData');
  const size: unknown = Reflect.get(request, 'outputSize');
  if (!Array.isArray(buffer) || buffer.length === 0) return undefined;
  if (typeof size !== 'number' || size > MAX_REPEATED_BYTES) return undefined;
  const given: readonly Piece[] = buffer;
  // Copies, since Node empties the pieces that it has sent.
  const pieces = given.map(({ data, encoding, callback }) => ({ data, encoding, callback }));
  return { pieces, size, shouldKeepAlive: request.shouldKeepAlive };
}

/** After Node has closed it. Listeners, headers and what the user has set stay as they are. */
export function makeFresh(request: HookedRequest, whole: WholeRequest, isFinished: boolean): void {
  for (const field of Object.keys(FRESH)) Reflect.set(request, field, FRESH[field]);
  Reflect.set(request, 'shouldKeepAlive', whole.shouldKeepAlive);
  // The callbacks are what emits `finish`, which comes once.
  const pieces = whole.pieces.map((piece) => (isFinished ? { ...piece, callback: null } : piece));
  Reflect.set(
    request,
    'outputData',
    pieces.map((piece) => ({ ...piece })),
  );
  Reflect.set(request, 'outputSize', whole.size);
}

/** Codes of connections that are lost, as opposed to answers that make no sense and certificates that are wrong. */
const LOST: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
]);

export function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && LOST.has(Reflect.get(error, 'code'));
}

/** In ms from `Retry-After`, which is seconds or a date; undefined when there is none. */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - wallMs() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** What the user has set by `setTimeout`: the next socket has to get it again. */
export function timeoutOf(request: HookedRequest): number | undefined {
  const isSet = typeof Reflect.get(request, 'timeoutCb') === 'function';
  const timeoutMs = request.socket?.timeout;
  return isSet && timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

/** Nobody reads this response. */
export function letGo(response: IncomingMessage): void {
  response.on('error', ignore);
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  // Node reads it to its end as nobody takes it; a long one costs more than a connection.
  if (!(length <= MAX_READ_BYTES)) process.nextTick(() => response.socket.destroy());
}

function ignore(): void {
  // The response was given up on purpose.
}
