/**
 * Owns what we see of one attempt of an undici request: how it ended, and whether its user sees that. Made by `undici-call.cts`. A
 * handler has one of two shapes, by the version of undici: `onConnect`, `onHeaders`, `onError` and so on, or `onRequestStart`,
 * `onResponseStart`, `onResponseError`. Everything is handed on as it comes, unless another instance gets the call.
 *
 * States: new -connected-> begun -headers-> answered; any -another attempt, or the time is up-> over. What comes when it is over is dropped.
 */
import type { CallOutcome, CallTarget, EndedAttempt } from '../process-hub.js';
import { nowMs } from './call-clock.cjs';
import { headerOf } from './undici-headers.cjs';
import { outcomeOf } from './undici-failure.cjs';

type Method = (...args: readonly unknown[]) => unknown;
/** What undici may call; a handler has some of these. */
export type Handler = Readonly<Partial<Record<string, Method>>>;
export type Abort = (reason?: unknown) => void;

/** What an attempt tells its call. */
export interface AttemptOwner {
  readonly handler: Handler;
  /** What the user's handler gets to abort with: it means the call, also between attempts. */
  userAbort(): Abort;
  settle(target: CallTarget, ended: EndedAttempt): void;
  /** Headers are here. True when another instance gets the call: nobody sees this response. */
  answered(status: number, retryAfter: string | undefined): boolean;
  /** The user has the connection, or the refusal of one: nothing is repeated. */
  upgraded(): void;
  /** True when another instance gets the call, or somebody else was told. */
  failed(outcome: CallOutcome, error: unknown): boolean;
}

/** The most that is read of a response that nobody sees, so that its connection can be used again. */
const MAX_DUMPED_BYTES = 65_536;

/** Classes rather than objects of closures: one of these is made for each attempt. It tells of its own end, and reads the clock only when it is asked. */
export abstract class Attempt implements EndedAttempt {
  readonly target: CallTarget;
  outcome: CallOutcome = 'abandoned';
  status: number | undefined;
  protected readonly owner: AttemptOwner;
  protected readonly handler: Handler;
  protected isOver = false;
  readonly #startedMs: number;
  #isBegun = false;
  #isSent = false;
  #isSettled = false;
  #dumped = 0;

  constructor(owner: AttemptOwner, target: CallTarget, startedMs: number) {
    this.#startedMs = startedMs;
    this.owner = owner;
    this.handler = owner.handler;
    this.target = target;
  }

  /** Tells undici to stop, if it has begun. */
  abstract abort(reason: unknown): void;

  /** Nothing of this attempt reaches the user any more. */
  leave(): void {
    this.isOver = true;
  }

  get tookMs(): number {
    return nowMs() - this.#startedMs;
  }

  /** Once; later calls do nothing. */
  settle(outcome: CallOutcome, status?: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.outcome = outcome;
    this.status = status;
    this.owner.settle(this.target, this);
  }

  /** What became of it when somebody else ends it now. */
  get outcomeNow(): CallOutcome {
    return this.#isBegun ? 'broken' : 'unsent';
  }

  onBodySent(chunk: unknown, total: unknown): unknown {
    this.#isSent = true;
    return this.isOver ? undefined : this.handler['onBodySent']?.(chunk, total);
  }

  onRequestSent(): unknown {
    this.#isSent = true;
    return this.isOver ? undefined : this.handler['onRequestSent']?.();
  }

  onResponseStarted(): unknown {
    return this.isOver ? undefined : this.handler['onResponseStarted']?.();
  }

  protected begun(): void {
    this.#isBegun = true;
  }

  /** True when the user sees the response. */
  protected shows(status: unknown, headers: unknown): boolean {
    if (this.isOver) return false;
    // 1xx: the answer is still to come.
    if (typeof status !== 'number' || (status < 200 && status !== 101)) return true;
    this.settle('answered', status);
    const retryAfter = status < 400 ? undefined : headerOf(headers, 'retry-after');
    if (!this.owner.answered(status, retryAfter)) return true;
    this.leave();
    return false;
  }

  /** The connection is the user's from now on: the time of the call does not count on it. */
  protected upgraded(status: number): void {
    this.settle('answered', status);
    this.owner.upgraded();
  }

  /** True when the user sees the error. */
  protected showsError(error: unknown): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    if (this.#isSettled) return true;
    const outcome = outcomeOf(error, { isBegun: this.#isBegun, isSent: this.#isSent });
    this.settle(outcome);
    if (!this.owner.failed(outcome, error)) return true;
    this.leave();
    return false;
  }

  /** A part of a response that nobody sees. */
  protected dump(chunk: unknown): void {
    this.#dumped += chunk instanceof Uint8Array ? chunk.byteLength : 0;
    if (this.#dumped > MAX_DUMPED_BYTES) this.abort(new Error('another instance has the call'));
  }
}

class LegacyAttempt extends Attempt {
  #abort: Abort | undefined;

  abort(reason: unknown): void {
    this.#abort?.(reason);
  }

  onConnect(abort: unknown, context: unknown): unknown {
    if (typeof abort === 'function') this.#abort = abort as Abort; // the one thing that undici gives here
    if (this.isOver) {
      this.abort(new Error('the call is over'));
      return undefined;
    }
    this.begun();
    return this.handler['onConnect']?.(this.owner.userAbort(), context);
  }

  onUpgrade(status: unknown, headers: unknown, socket: unknown): unknown {
    this.upgraded(Number(status));
    return this.handler['onUpgrade']?.(status, headers, socket);
  }

  onHeaders(status: unknown, headers: unknown, resume: unknown, text: unknown): unknown {
    return this.shows(status, headers)
      ? this.handler['onHeaders']?.(status, headers, resume, text)
      : true;
  }

  onData(chunk: unknown): unknown {
    if (!this.isOver) return this.handler['onData']?.(chunk);
    this.dump(chunk);
    return true;
  }

  onComplete(trailers: unknown): unknown {
    return this.isOver ? undefined : this.handler['onComplete']?.(trailers);
  }

  onError(error: unknown): unknown {
    return this.showsError(error) ? this.handler['onError']?.(error) : undefined;
  }
}

/** What undici gives to handlers of the current shape, as far as we use it. */
interface Controller {
  abort: Abort;
}

class CurrentAttempt extends Attempt {
  #controller: Controller | undefined;

  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: unknown, context: unknown): unknown {
    if (isController(controller)) this.#controller = controller;
    if (this.isOver) {
      this.abort(new Error('the call is over'));
      return undefined;
    }
    this.begun();
    return this.handler['onRequestStart']?.(controller, context);
  }

  /** The user's handler keeps the controller of an attempt that is over: to abort means the call from now on. */
  override leave(): void {
    super.leave();
    const controller = this.#controller;
    if (controller === undefined) return;
    const own = controller.abort.bind(controller);
    const abort = this.owner.userAbort();
    controller.abort = (reason) => {
      own(reason);
      abort(reason);
    };
    this.#controller = { abort: own };
  }

  onRequestUpgrade(
    controller: unknown,
    status: unknown,
    headers: unknown,
    socket: unknown,
  ): unknown {
    this.upgraded(Number(status));
    return this.handler['onRequestUpgrade']?.(controller, status, headers, socket);
  }

  onResponseStart(controller: unknown, status: unknown, headers: unknown, text: unknown): unknown {
    if (!this.shows(status, headers)) return undefined;
    return this.handler['onResponseStart']?.(controller, status, headers, text);
  }

  onResponseData(controller: unknown, chunk: unknown): unknown {
    if (!this.isOver) return this.handler['onResponseData']?.(controller, chunk);
    this.dump(chunk);
    return undefined;
  }

  onResponseEnd(controller: unknown, trailers: unknown): unknown {
    return this.isOver ? undefined : this.handler['onResponseEnd']?.(controller, trailers);
  }

  onResponseError(controller: unknown, error: unknown): unknown {
    if (!this.showsError(error)) return undefined;
    return this.handler['onResponseError']?.(controller, error);
  }
}

export function createAttempt(owner: AttemptOwner, target: CallTarget, startedMs: number): Attempt {
  return isCurrent(owner.handler)
    ? new CurrentAttempt(owner, target, startedMs)
    : new LegacyAttempt(owner, target, startedMs);
}

/** Tells the handler of a failure outside of any attempt. */
export function failHandler(handler: Handler, error: unknown): void {
  if (isCurrent(handler)) handler['onResponseError']?.(null, error);
  else handler['onError']?.(error);
}

function isCurrent(handler: Handler): boolean {
  return typeof handler['onRequestStart'] === 'function';
}

function isController(value: unknown): value is Controller {
  return typeof Reflect.get(Object(value), 'abort') === 'function';
}
