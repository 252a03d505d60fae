/**
 * Owns what is kept of a request of Node that is ended only after its socket came, as axios and got do with every body: each piece on its way out, so
 * that the request can be sent a second time. Made by `http-call.cts` at the first socket. It holds a bounded body until the response begins, and
 * gives up for good when a piece could not be written. Pieces are seen where Node writes them, header included.
 */
import type { HookedRequest } from './http-request.cjs';
import { MAX_REPEATED_BYTES, type Piece, type WholeRequest } from './http-repeat.cjs';

type Callback = (...args: readonly unknown[]) => unknown;
/** Where Node writes a piece: to the socket, or to its buffer. */
const WRITE = '_writeRaw';
interface Kept extends Piece {
  /** Its callback was called: that must not happen twice. */
  isTold: boolean;
}

export class LateBody {
  readonly #request: HookedRequest;
  #pieces: Kept[] | undefined = [];
  #size = 0;
  #hasHeader: boolean;

  constructor(request: HookedRequest) {
    this.#request = request;
    this.#hasHeader = Reflect.get(request, '_headerSent') === true;
    const buffer: unknown = Reflect.get(request, 'outputData');
    if (!Array.isArray(buffer)) {
      this.#pieces = undefined;
      return;
    }
    // What waits in there goes out without being written again.
    const waiting = buffer as Piece[]; // Node keeps nothing else there
    for (const [at, piece] of waiting.entries()) {
      waiting[at] = { ...piece, callback: this.#keep(piece.data, piece.encoding, piece.callback) };
    }
    this.#watch();
  }

  /** Nothing is kept any more. */
  stop(): void {
    this.#pieces = undefined;
    Reflect.deleteProperty(this.#request, WRITE);
  }

  #watch(): void {
    const request = this.#request;
    const write: unknown = Reflect.get(request, WRITE);
    if (typeof write !== 'function') {
      this.#pieces = undefined;
      return;
    }
    Object.defineProperty(request, WRITE, {
      value: (...args: readonly unknown[]) =>
        Reflect.apply(write, request, this.#wrote(args)) as unknown,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }

  /** The arguments for Node, of one piece that is written now. */
  #wrote(args: readonly unknown[]): readonly unknown[] {
    const [data, encoding, callback, ...rest] = args;
    if (this.#pieces === undefined) return args;
    if (!this.#hasHeader) {
      this.#hasHeader = true;
      const header: unknown = Reflect.get(this.#request, '_header');
      const isIncluded =
        typeof data === 'string' && typeof header === 'string' && data.startsWith(header);
      // Node puts it into its buffer by itself, before bytes.
      if (!isIncluded) this.#keep(header, 'latin1', null);
    }
    return [data, encoding, this.#keep(data, encoding, callback), ...rest];
  }

  /** undefined when it is not ended yet, was too large, or could not be written. */
  whole(): WholeRequest | undefined {
    const { shouldKeepAlive } = this.#request;
    if (this.#pieces === undefined || !Reflect.get(this.#request, 'finished')) {
      return undefined;
    }
    const pieces = this.#pieces.map(({ data, encoding, callback, isTold }) => ({
      data,
      encoding,
      callback: isTold ? null : callback,
    }));
    return { pieces, size: this.#size, shouldKeepAlive };
  }

  /** What Node is to call in place of `callback`. */
  #keep(data: unknown, encoding: unknown, callback: unknown): unknown {
    if (this.#pieces === undefined) return callback;
    this.#size += sizeOf(data);
    if (this.#size > MAX_REPEATED_BYTES) {
      this.#pieces = undefined;
      return callback;
    }
    const kept: Kept = { data, encoding, callback, isTold: false };
    this.#pieces.push(kept);
    if (typeof callback !== 'function') return callback;
    const told = callback as Callback;
    return (...result: readonly unknown[]): unknown => {
      kept.isTold = true;
      // Its user knows that it failed.
      if (result[0] instanceof Error) this.#pieces = undefined;
      return told(...result);
    };
  }
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return data instanceof Uint8Array ? data.byteLength : 0;
}
