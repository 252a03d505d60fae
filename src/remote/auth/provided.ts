/**
 * Owns credentials that come from a provider, ours or a user's: when it is asked, how long what it gave is used, and the headers that
 * requests get from it. Called by the session for each request. One question at a time, whoever waits; while the old ones are good
 * they serve. It has no timer: a client that asks nothing asks no provider.
 */
import { AuthError, isNacosError, RequestTimeoutError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { Clock } from '../../util/clock.js';
import { asError, runInBackground, waitWithin } from '../../util/deferred.js';
import type {
  AuthHeaders,
  CredentialBounds,
  Credentials,
  CredentialsProvider,
  ProvidedCredentials,
  RequestScope,
} from './credentials.js';
import { Signer } from './signature.js';

export interface ProvidedOptions {
  readonly provider: CredentialsProvider;
  /** For lines that people read; holds no secret. */
  readonly name: string;
  readonly region: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PROVIDE_TIMEOUT_MS = 5000;
/** So that they do not end under way, and a provider that fails has a few minutes to get well. */
const RENEW_BEFORE_END_MS = 3 * 60 * 1000;
/** Between two attempts to renew what is good still. */
const RENEW_PAUSE_MS = 5000;
/** A refusal of something this young is no matter of its age: asking again at once would be a hot loop. */
const YOUNG_MS = 1000;

interface Held {
  readonly provided: ProvidedCredentials;
  readonly sinceMs: number;
  readonly renewMs: number;
  readonly endMs: number;
}

export class ProvidedCredentialsStore implements Credentials {
  readonly #options: ProvidedOptions;
  readonly #signer: Signer;
  readonly #abort = new AbortController();
  /** Which ones a set of headers was made from. */
  readonly #origin = new WeakMap<AuthHeaders, Held>();
  #held: Held | undefined;
  #asking: Promise<Held> | undefined;
  #noRenewBeforeMs = 0;
  #saidFailure = false;

  constructor(options: ProvidedOptions) {
    this.#options = options;
    this.#signer = new Signer(options.region);
  }

  current(scope: RequestScope): AuthHeaders | undefined {
    const held = this.#held;
    const nowMs = this.#options.clock.nowMs();
    if (held === undefined || nowMs >= held.endMs) return undefined;
    if (nowMs >= held.renewMs && nowMs >= this.#noRenewBeforeMs) {
      this.#noRenewBeforeMs = nowMs + RENEW_PAUSE_MS;
      runInBackground(this.#renewEarly());
    }
    return this.#headersOf(held, scope);
  }

  async obtain(scope: RequestScope, bounds: CredentialBounds): Promise<AuthHeaders> {
    const good = this.current(scope);
    if (good !== undefined) return good;
    const held = await waitWithin(this.#renew(), {
      clock: this.#options.clock,
      timeoutMs: bounds.timeoutMs,
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () => new RequestTimeoutError(`${this.#options.name} did not come in time`),
    });
    return this.#headersOf(held, scope);
  }

  refuse(headers: AuthHeaders): boolean {
    const refused = this.#origin.get(headers);
    const held = this.#held;
    if (refused === undefined) return false;
    if (held === undefined || held !== refused) return true;
    if (this.#options.clock.nowMs() - held.sinceMs < YOUNG_MS) return false;
    this.#held = undefined;
    return true;
  }

  close(): void {
    this.#abort.abort(new AuthError('the client is closed', { code: 'CREDENTIALS_UNAVAILABLE' }));
    this.#held = undefined;
  }

  #headersOf(held: Held, scope: RequestScope): AuthHeaders {
    const { provided } = held;
    const headers = Object.freeze(
      'headers' in provided
        ? givenHeaders(provided.headers, scope, this.#options.name)
        : this.#signer.headers(provided, scope, this.#options.clock.wallMs()),
    );
    this.#origin.set(headers, held);
    return headers;
  }

  /** The old ones are good still: that they could not be renewed matters only at their end. */
  async #renewEarly(): Promise<void> {
    await this.#renew().catch((error: unknown) => {
      this.#options.logger.debug(`not renewed yet: ${asError(error).message}`);
    });
  }

  #renew(): Promise<Held> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<Held> {
    const { provider, name, clock, logger } = this.#options;
    const { signal } = this.#abort;
    try {
      const provided = await waitWithin(provideLater(provider, signal), {
        clock,
        timeoutMs: PROVIDE_TIMEOUT_MS,
        signal,
        holdsProcess: false,
        onTimeout: () => new Error(`no answer within ${String(PROVIDE_TIMEOUT_MS)} ms`),
      });
      this.#held = this.#checked(provided);
      if (this.#saidFailure) logger.info(`${name} is there again`);
      this.#saidFailure = false;
      return this.#held;
    } catch (error) {
      if (signal.aborted) throw asError(signal.reason);
      const failure = isNacosError(error)
        ? error
        : unavailable(name, asError(error).message, error);
      const isLost = this.#held === undefined || clock.nowMs() >= this.#held.endMs;
      if (isLost && !this.#saidFailure) {
        this.#saidFailure = true;
        logger.error(`${failure.message}; trying again`);
      }
      throw failure;
    }
  }

  #checked(provided: ProvidedCredentials): Held {
    const { clock, name } = this.#options;
    if (!isProvided(provided)) {
      throw unavailable(name, 'neither access keys nor headers were given');
    }
    const sinceMs = clock.nowMs();
    const { expiresAtMs, renewAfterMs = Number.POSITIVE_INFINITY } = provided;
    const lifeMs =
      expiresAtMs === undefined ? Number.POSITIVE_INFINITY : expiresAtMs - clock.wallMs();
    // NaN is no end either.
    if (!(lifeMs > 0)) throw unavailable(name, 'they have ended already');
    const beforeEndMs = lifeMs - Math.min(RENEW_BEFORE_END_MS, lifeMs / 2);
    const renewInMs = Number.isFinite(lifeMs) ? Math.min(renewAfterMs, beforeEndMs) : renewAfterMs;
    return { provided, sinceMs, renewMs: sinceMs + renewInMs, endMs: sinceMs + lifeMs };
  }
}

/** What a provider throws at once is a rejection too. */
async function provideLater(
  provider: CredentialsProvider,
  signal: AbortSignal,
): Promise<ProvidedCredentials> {
  return provider.provide({ signal });
}

function isProvided(given: unknown): given is ProvidedCredentials {
  if (typeof given !== 'object' || given === null) return false;
  if ('headers' in given) {
    return (
      typeof given.headers === 'function' ||
      (typeof given.headers === 'object' && given.headers !== null)
    );
  }
  return isText(Reflect.get(given, 'accessKeyId')) && isText(Reflect.get(given, 'accessKeySecret'));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** The wire takes texts only. A copy: what a user's code keeps is not ours to freeze. */
function givenHeaders(given: unknown, scope: RequestScope, name: string): Record<string, string> {
  let headers: unknown;
  try {
    headers = isPerRequest(given) ? given(scope) : given;
  } catch (error) {
    throw unavailable(name, asError(error).message, error);
  }
  const entries = Object.entries(Object(headers) as object).filter(
    ([, value]) => value !== undefined,
  );
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw unavailable(name, 'a header is no text');
  }
  return Object.fromEntries(entries);
}

function isPerRequest(given: unknown): given is (scope: RequestScope) => unknown {
  return typeof given === 'function';
}

/** `why` may be a user's own words; what it gave is never part of them. */
export function unavailable(name: string, why: string, cause?: unknown): AuthError {
  return new AuthError(`${name} cannot be had: ${why}`, {
    code: 'CREDENTIALS_UNAVAILABLE',
    cause,
  });
}
