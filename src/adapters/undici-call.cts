/**
 * Owns one call by name through undici, from the name to the end of its last attempt: waiting for the list, sending to an instance, further
 * attempts, the total deadline and the abort between attempts. Made by `dispatchNamed`, which the intercepted dispatchers call. The origin becomes
 * that of an instance and the Host header keeps the logical name, so redirects come by again with theirs.
 */
import type {
  CallInfo,
  CallOutcome,
  CallRouter,
  CallTarget,
  EndedAttempt,
  NextAttempt,
} from '../process-hub.js';
import { after, nowMs, wallMs } from './call-clock.cjs';
import { callTimeout, markFailure } from './call-errors.cjs';
import { isTlsFailure } from './undici-failure.cjs';
import {
  createAttempt,
  failHandler,
  type Abort,
  type Attempt,
  type AttemptOwner,
  type Handler,
} from './undici-handler.cjs';
import {
  headerOf,
  readableHeaders,
  retryAfterMs,
  withHeaders,
  withHost,
} from './undici-headers.cjs';
import type { ServiceOrigin } from './undici-origin.cjs';

export type Options = Readonly<Record<PropertyKey, unknown>>;

/** Where routers come from: the hub of the process, or what an explicit adapter was given. */
export interface RouterSource {
  readonly current: CallRouter | undefined;
  load(): Promise<CallRouter | undefined>;
}

/** An intercepted dispatcher as a call needs it. */
export interface Link {
  readonly source: RouterSource;
  /** Dispatches to an instance: by an agent for any origin, past any proxy. */
  send(options: Options, handler: object): unknown;
  /** As without us. */
  others(options: Options, handler: object): unknown;
  /** A call goes to an instance by this router. */
  used(router: CallRouter): void;
}

/** What a dispatcher does with a request whose origin may be a service. Returns what `dispatch` does: false for "wait for drain". */
export function dispatchNamed(
  link: Link,
  origin: ServiceOrigin,
  options: Options,
  handler: object,
): unknown {
  const call = new NamedCall(link, origin, options, handler);
  const router = link.source.current;
  const target = router?.pickNow(origin.name, call);
  if (target === null) return link.others(options, handler);
  if (router !== undefined && target !== undefined) return call.begin(router, target, false);
  void call.find();
  // "Go on": there is no queue that could be full.
  return true;
}

class NamedCall implements CallInfo, AttemptOwner {
  readonly handler: Handler;
  readonly #link: Link;
  readonly #origin: ServiceOrigin;
  readonly #options: Options;
  readonly #headers: unknown;
  readonly #startedMs = nowMs();
  #sentHeaders: unknown;
  #router: CallRouter | undefined;
  #attempt: Attempt | undefined;
  /** Those before the current one; made when there are any. */
  #tried: CallTarget[] | undefined;
  #errors: unknown[] | undefined;
  #abort: Abort | undefined;
  #isOver = false;
  #stopDeadline: (() => void) | undefined;
  /** While the next attempt is waited for. */
  #waiting: { readonly next: CallTarget; readonly stop: () => void } | undefined;

  constructor(link: Link, origin: ServiceOrigin, options: Options, handler: object) {
    // Each method is looked at before it is called: undici leaves some of them to the caller.
    this.handler = handler as Handler;
    this.#link = link;
    this.#origin = origin;
    this.#options = options;
    this.#headers = readableHeaders(options['headers']);
  }

  get method(): string {
    const { method } = this.#options;
    return typeof method === 'string' ? method.toUpperCase() : 'GET';
  }

  get path(): string {
    const { path } = this.#options;
    return typeof path === 'string' ? path : '/';
  }

  get isReplayable(): boolean {
    const { body } = this.#options;
    return (
      body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array
    );
  }

  header(name: string): string | undefined {
    return headerOf(this.#headers, name);
  }

  /** Asks for a target and waits for it. Never rejects. */
  async find(): Promise<void> {
    const { signal } = this.#options;
    try {
      const router = await this.#link.source.load();
      const found = await router?.resolve(
        this.#origin.name,
        this,
        signal instanceof AbortSignal ? signal : undefined,
      );
      if (router === undefined || found === undefined || found === null) {
        this.#link.others(this.#options, this.handler);
      } else {
        this.begin(router, found, true);
      }
    } catch (error) {
      failHandler(this.handler, error);
    }
  }

  /** Sends the call to its first instance. `hasWaited`: not as soon as it was made. */
  begin(router: CallRouter, target: CallTarget, hasWaited: boolean): unknown {
    const { name, host, isHttps } = this.#origin;
    this.#router = router;
    this.#link.used(router);
    const set = router.headersToAdd(this);
    // undici takes the name for TLS from the Host header, so a caller's own header keeps its meaning.
    const named = withHost(this.#headers, host);
    this.#sentHeaders = set.length === 0 ? named : withHeaders(named, set);
    const timeoutMs = router.timeoutMs(name);
    if (timeoutMs > 0) {
      const leftMs = Math.max(1, timeoutMs - (nowMs() - this.#startedMs));
      this.#stopDeadline = after(leftMs, () => void this.#expire(timeoutMs), false);
    }
    return this.#send(target, isHttps, hasWaited ? nowMs() : this.#startedMs);
  }

  userAbort(): Abort {
    this.#abort ??= (reason) => {
      if (this.#waiting === undefined) this.#attempt?.abort(reason);
      else this.#end(reason ?? new Error('the call was aborted'));
    };
    return this.#abort;
  }

  settle(target: CallTarget, ended: EndedAttempt): void {
    this.#router?.settle(target, ended);
  }

  answered(status: number, retryAfter: string | undefined): boolean {
    if (status >= 400) {
      this.#remember(undefined);
      const next = this.#next('answered', {
        status,
        ...given('retryAfterMs', retryAfterMs(retryAfter, wallMs)),
      });
      if (next !== undefined) {
        this.#errors?.splice(-1, 1, new Error(`status ${String(status)}`));
        this.#goOn(next);
        return true;
      }
    }
    this.#close();
    return false;
  }

  upgraded(): void {
    this.#close();
  }

  failed(outcome: CallOutcome, error: unknown): boolean {
    if (outcome === 'unsent' || outcome === 'broken') {
      this.#remember(error);
      const next = isTlsFailure(error) ? undefined : this.#next(outcome, {});
      if (next !== undefined) {
        this.#goOn(next);
        return true;
      }
      markFailure(error, this.#tried ?? [], this.#errors ?? []);
    }
    this.#close();
    return false;
  }

  /** The user has what the call gave. */
  #close(): void {
    this.#isOver = true;
    this.#stopDeadline?.();
  }

  #send(target: CallTarget, isHttps: boolean, atMs: number): unknown {
    const attempt = createAttempt(this, target, atMs);
    this.#attempt = attempt;
    const isTls = isHttps || target.secure;
    // By `assign`: what a spread makes has a shape of its own each time, which all that reads it pays for.
    const sent: Record<PropertyKey, unknown> = Object.assign({}, this.#options);
    sent['origin'] = originOf(target, isTls);
    sent['headers'] = this.#sentHeaders;
    // Of no use without TLS, but undici would make it of the Host header, which takes longer than all else here.
    if (!isTls) sent['servername'] ??= this.#origin.name;
    try {
      return this.#link.send(sent, attempt);
    } catch (error) {
      // What undici says of wrong arguments, where it does not tell the handler.
      attempt.settle('abandoned');
      this.#close();
      throw error;
    }
  }

  /** Keeps what the last attempt gave. */
  #remember(error: unknown): void {
    const last = this.#attempt?.target;
    if (last === undefined) return;
    (this.#tried ??= []).push(last);
    (this.#errors ??= []).push(error);
  }

  #next(
    outcome: 'unsent' | 'broken' | 'answered',
    answer: { readonly status?: number; readonly retryAfterMs?: number },
  ): NextAttempt | undefined {
    return this.#router?.nextAttempt({
      name: this.#origin.name,
      info: this,
      tried: this.#tried ?? [],
      outcome,
      elapsedMs: nowMs() - this.#startedMs,
      ...answer,
    });
  }

  #goOn({ target, delayMs }: NextAttempt): void {
    if (delayMs <= 0) {
      this.#sendAgain(target);
      return;
    }
    const go = (): void => {
      this.#waiting = undefined;
      this.#sendAgain(target);
    };
    this.#waiting = { next: target, stop: after(delayMs, go, true) };
  }

  #sendAgain(target: CallTarget): void {
    try {
      this.#send(target, this.#origin.isHttps, nowMs());
    } catch (error) {
      failHandler(this.handler, error);
    }
  }

  async #expire(timeoutMs: number): Promise<void> {
    const tried = [...(this.#tried ?? [])];
    const last = this.#waiting === undefined ? this.#attempt?.target : undefined;
    if (last !== undefined) tried.push(last);
    const error = await callTimeout(this.#origin.name, timeoutMs, tried);
    markFailure(error, tried, this.#errors ?? []);
    this.#end(error);
  }

  /** Ends the call whatever it is doing, and tells its user. */
  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#close();
    const waiting = this.#waiting;
    const attempt = this.#attempt;
    this.#waiting = undefined;
    if (waiting !== undefined) {
      waiting.stop();
      this.settle(waiting.next, { outcome: 'abandoned', tookMs: 0 });
    } else if (attempt !== undefined) {
      attempt.settle(attempt.outcomeNow);
      attempt.leave();
    }
    failHandler(this.handler, error);
    attempt?.abort(error);
  }
}

/** Origins by instance: an instance is the same object as long as its list is in use. */
const httpOrigins = new WeakMap<CallTarget, string>();
const httpsOrigins = new WeakMap<CallTarget, string>();

function originOf(target: CallTarget, isHttps: boolean): string {
  const origins = isHttps ? httpsOrigins : httpOrigins;
  let origin = origins.get(target);
  if (origin === undefined) {
    const host = target.ip.includes(':') ? `[${target.ip}]` : target.ip;
    origin = `${isHttps ? 'https' : 'http'}://${host}:${String(target.port)}`;
    origins.set(target, origin);
  }
  return origin;
}

function given<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, number>>);
}
