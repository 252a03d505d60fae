/**
 * Owns sending a request of Node a second time: what of it is kept before it goes out, and how it becomes again what it was before it had a socket.
 * Called by `http-call.cts`. Only a request that was ended before it got its socket can be repeated, since all of it is in its buffer
 * then. It uses fields of Node's request that are not documented: where one is missing nothing is ever repeated.
 */
import { wallMs } from './call-clock.cjs';
import type { HookedRequest } from './http-request.cjs';

interface Piece {
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
const MAX_BYTES = 1024 * 1024;

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

/** undefined when the request is not ended, or is too large to be kept. */
export function wholeOf(request: HookedRequest): WholeRequest | undefined {
  isAsKnown ??= FIELDS.every((field) => Object.hasOwn(request, field));
  const isEnded: unknown = Reflect.get(request, 'finished');
  if (!isAsKnown || isEnded !== true) return undefined;
  const buffer: unknown = Reflect.get(request, 'outputData');
  const size: unknown = Reflect.get(request, 'outputSize');
  if (!Array.isArray(buffer) || buffer.length === 0) return undefined;
  if (typeof size !== 'number' || size > MAX_BYTES) return undefined;
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
