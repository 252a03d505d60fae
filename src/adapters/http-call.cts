/**
 * Owns one call by name of node:http(s) from its first target to the beginning of its response: each target is settled once, a failed
 * attempt goes on with another instance where the rules allow it, and one deadline bounds it all. Made by `http-calls.cts`. It
 * sees the request's events and its `destroy` before the caller does (`http-cover.cts`).
 *
 * States: waiting (for the list) -start-> out -response, end of the request-> done; out -failure-> repeating (the caller sees nothing
 * while Node closes the request) -closed-> out again. The caller's destroy ends each of them.
 */
import { AsyncResource } from 'node:async_hooks';
import type { Agent, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type {
  CallInfo,
  CallOutcome,
  CallRouter,
  CallTarget,
  FailedCall,
  NextAttempt,
} from '../process-hub.js';
import { after, nowMs } from './call-clock.cjs';
import { callTimeout, markFailure } from './call-errors.cjs';
import { Ended } from './ended-attempt.cjs';
import { coverRequest, uncoverRequest, unwatchRequest, type Watcher } from './http-cover.cjs';
import { LateBody } from './http-late-body.cjs';
import {
  isConnectionLost,
  isEnded,
  letGo,
  makeFresh,
  retryAfterMs,
  timeoutOf,
  wholeOf,
  type WholeRequest,
} from './http-repeat.cjs';
import {
  endRequest,
  isObject,
  takeFromQueue,
  type HookedRequest,
  type RequestOptions,
} from './http-request.cjs';

/** Sends the request of a call to this target, its last. */
export type Send = (call: NamedCall, calls: CallRouter, target: CallTarget) => void;

export interface CallParts {
  readonly name: string;
  readonly request: HookedRequest;
  /** The agent that the user's request came to. */
  readonly agent: Agent;
  readonly options: RequestOptions;
  readonly send: Send;
  /** Protocol of the URL that a proxy of the environment is asked for; undefined: no proxy is. */
  readonly proxiedBy: string | undefined;
}

/** Nearly every call has one target and no error: then nothing is made for them. */
const NONE: readonly never[] = [];

export class NamedCall implements CallInfo, Watcher {
  readonly name: string;
  readonly request: HookedRequest;
  readonly agent: Agent;
  readonly options: RequestOptions;
  /** The request has a whole URL, for a proxy of the environment. */
  readonly isProxied: boolean;
  readonly isHttpsByProxy: boolean;
  /** What the user gave as the name for TLS. */
  readonly servername: unknown;
  /** Every target so far, the present one last. */
  tried: readonly CallTarget[] = NONE;
  /** The agent that the present attempt went to. */
  sentBy: Agent;
  /** What is to be done when the caller destroys the request and Node has no socket to do it with. */
  whenDestroyed: (() => void) | undefined;
  readonly #send: Send;
  readonly #bornMs = nowMs();
  #calls: CallRouter | undefined;
  #attemptMs = 0;
  /** The present target is given out and not settled. */
  #isOut = false;
  #isDestroyed = false;
  #destroyError: Error | undefined;
  #isTimedOut = false;
  #isFinished = false;
  /** The socket could not be written to when it came: an idle one that the instance has closed meanwhile. */
  #isStale = false;
  #whole: WholeRequest | undefined;
  /** Of a request that was not ended when its socket came. */
  #late: LateBody | undefined;
  /** How many targets there were when the caller saw a socket; 0 before. */
  #firstSocketAt = 0;
  #context: AsyncResource | undefined;
  /** Set while the caller sees nothing of the request. */
  #next: NextAttempt | undefined;
  #timeoutMs: number | undefined;
  #stopDeadline: (() => void) | undefined;
  /** What each of `tried` gave. */
  #errors: readonly unknown[] = NONE;

  constructor({ name, request, agent, options, send, proxiedBy }: CallParts) {
    this.name = name;
    this.request = request;
    this.agent = agent;
    this.options = options;
    this.isProxied = proxiedBy !== undefined;
    this.isHttpsByProxy = proxiedBy === 'https:';
    this.servername = options['servername'];
    this.sentBy = agent;
    this.#send = send;
  }

  get method(): string {
    return this.request.method;
  }

  get path(): string {
    return this.request.path;
  }

  get isReplayable(): boolean {
    this.#whole ??= this.#late?.whole();
    return this.#whole !== undefined;
  }

  header(name: string): string | undefined {
    const value = this.request.getHeader(name);
    return value === undefined ? undefined : String(value);
  }

  /** Before the first target is known. */
  watch(): void {
    coverRequest(this.request, this);
  }

  /** It is none of ours: the request is as if it had never been watched. */
  leave(): void {
    this.#end();
    uncoverRequest(this.request);
  }

  #end(): void {
    this.whenDestroyed = undefined;
    this.#late?.stop();
    this.#late = undefined;
    this.#stopDeadline?.();
    unwatchRequest(this.request);
  }

  /** Sends the request to its first target. `hasWaited`: it is not sent as soon as it was made. Throws what Node throws for a request that it cannot send. */
  start(calls: CallRouter, target: CallTarget, hasWaited: boolean): void {
    this.#calls = calls;
    this.#take(target, hasWaited ? nowMs() : this.#bornMs);
    const timeoutMs = calls.timeoutMs(this.name);
    if (timeoutMs > 0) this.#setDeadline(timeoutMs);
    try {
      this.#go();
    } catch (error) {
      this.#settle('abandoned');
      this.leave();
      throw error;
    }
  }

  /** There was no connection to the last target. False when there is no other one, and the caller gets the error. */
  movesOn(error: Error): boolean {
    this.#settle('unsent');
    this.#errors = [...this.#errors, error];
    const next = this.#isDestroyed ? undefined : this.#nextAttempt({ outcome: 'unsent' });
    if (next === undefined) return false;
    this.#wait(next.delayMs);
    return true;
  }

  destroyed(error: Error | undefined): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#destroyError = error;
  }

  afterDestroy(): void {
    const run = this.whenDestroyed;
    this.whenDestroyed = undefined;
    run?.();
  }

  swallows(event: unknown, value: unknown): boolean {
    switch (event) {
      case 'socket':
        this.#onSocket(value);
        // Who writes when there is a socket must not do so twice.
        return this.#late !== undefined && this.tried.length > this.#firstSocketAt;
      case 'finish':
        this.#isFinished = true;
        return false;
      case 'timeout':
        this.#isTimedOut = true;
        return false;
      case 'response':
        return this.#onResponse(value);
      case 'upgrade':
      case 'connect':
        this.#settle('answered', statusOf(value));
        this.#end();
        return false;
      case 'error':
        return this.#onError(value);
      case 'close':
        return this.#onClose();
      default:
        return false;
    }
  }

  #onSocket(socket: unknown): void {
    this.#isStale = isObject(socket) && socket['writable'] === false;
    if (this.tried.length > 1 && this.#timeoutMs !== undefined) {
      this.request.setTimeout(this.#timeoutMs);
    }
    if (this.#firstSocketAt > 0) return;
    this.#firstSocketAt = this.tried.length;
    this.#whole = wholeOf(this.request);
    if (this.#whole === undefined && !isEnded(this.request))
      this.#late = new LateBody(this.request);
    if (this.#whole !== undefined || this.#late !== undefined) {
      this.#context = new AsyncResource('nacos-serving.call', { requireManualDestroy: true });
    }
  }

  #onResponse(value: unknown): boolean {
    const status = statusOf(value);
    this.#settle('answered', status);
    if (status >= 400 && this.#mayRepeat) {
      this.#errors = [...this.#errors, new Error(`answered with status ${String(status)}`)];
      // Node gives nothing else to this event.
      const response = value as IncomingMessage;
      const afterMs = retryAfterMs(response.headers['retry-after']);
      this.#next = this.#nextAttempt({
        outcome: 'answered',
        status,
        ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
      });
      if (this.#next !== undefined) {
        letGo(response);
        return true;
      }
    }
    this.#end();
    return false;
  }

  #onError(error: unknown): boolean {
    // What follows the failure that is being mended.
    if (this.#next !== undefined) return true;
    if (this.#isOut) {
      if (this.#isDestroyed && !this.#isTimedOut) {
        this.#settle('abandoned');
        return false;
      }
      const isLost = isConnectionLost(error);
      const isUnsent = isLost && (this.#isStale || isShakingHands(this.request.socket));
      // That a connection which idled is closed says nothing about the instance.
      this.#settle(isUnsent ? (this.#isStale ? 'abandoned' : 'unsent') : 'broken');
      this.#errors = [...this.#errors, error];
      if (isLost && this.#mayRepeat) {
        this.#next = this.#nextAttempt({ outcome: isUnsent ? 'unsent' : 'broken' });
        if (this.#next !== undefined) return true;
      }
    }
    if (this.#errors.length > 0) markFailure(error, this.tried, this.#errors);
    return false;
  }

  #onClose(): boolean {
    if (this.#next !== undefined) {
      // Node is not through with closing the request yet.
      process.nextTick(() => this.#repeat());
      return true;
    }
    this.#settle('abandoned');
    this.#end();
    return false;
  }

  get #mayRepeat(): boolean {
    return !this.#isDestroyed && this.isReplayable;
  }

  #nextAttempt(
    failed: Pick<FailedCall, 'outcome' | 'status' | 'retryAfterMs'>,
  ): NextAttempt | undefined {
    const next = this.#calls?.nextAttempt({
      ...failed,
      name: this.name,
      info: this,
      tried: this.tried,
      elapsedMs: nowMs() - this.#bornMs,
    });
    if (next !== undefined) this.#take(next.target, nowMs());
    return next;
  }

  #repeat(): void {
    const { request } = this;
    const next = this.#next;
    const whole = this.#whole;
    if (next === undefined || whole === undefined) return;
    this.#next = undefined;
    if (this.#isDestroyed) {
      endRequest(request, this.#destroyError);
      return;
    }
    this.#timeoutMs = timeoutOf(request);
    makeFresh(request, whole, this.#isFinished);
    this.#wait(next.delayMs);
  }

  #wait(delayMs: number): void {
    if (delayMs <= 0) {
      this.#goOn();
      return;
    }
    const stop = after(
      delayMs,
      () => {
        this.whenDestroyed = undefined;
        this.#goOn();
      },
      true,
    );
    this.whenDestroyed = () => {
      stop();
      endRequest(this.request);
    };
  }

  #goOn(): void {
    try {
      if (this.#context === undefined) this.#go();
      else this.#context.runInAsyncScope(() => this.#go());
    } catch (thrown) {
      endRequest(this.request, thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #go(): void {
    // The first one goes as soon as it has its target.
    if (this.tried.length > 1) this.#attemptMs = nowMs();
    this.#isStale = false;
    const target = this.tried.at(-1);
    if (this.#calls !== undefined && target !== undefined) this.#send(this, this.#calls, target);
  }

  #take(target: CallTarget, atMs: number): void {
    this.tried = this.tried.length === 0 ? [target] : [...this.tried, target];
    this.#attemptMs = atMs;
    this.#isOut = true;
  }

  #settle(outcome: CallOutcome, status?: number): void {
    const target = this.tried.at(-1);
    if (!this.#isOut || target === undefined) return;
    this.#isOut = false;
    this.#calls?.settle(target, new Ended(outcome, status, this.#attemptMs));
  }

  #setDeadline(timeoutMs: number): void {
    const overdue = async (): Promise<void> => {
      const error = await callTimeout(this.tried[0]?.service ?? this.name, timeoutMs, this.tried);
      this.#isTimedOut = true;
      this.#fail(error);
    };
    const leftMs = Math.max(1, this.#bornMs + timeoutMs - nowMs());
    this.#stopDeadline = after(leftMs, () => void overdue(), false);
  }

  #fail(error: Error): void {
    const { request } = this;
    if (request.destroyed && this.#next === undefined) return;
    request.destroy(error);
    if (request.socket === null && takeFromQueue(this.sentBy, request)) endRequest(request, error);
  }
}

function statusOf(response: unknown): number {
  const status: unknown = isObject(response) ? response['statusCode'] : undefined;
  return typeof status === 'number' ? status : 0;
}

/** The TLS handshake is not through: nothing of the request was sent. */
function isShakingHands(socket: Socket | null): boolean {
  return socket !== null && Reflect.get(socket, 'secureConnecting') === true;
}
