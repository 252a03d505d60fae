/**
 * Owns the login with user and password of one client: when to log in, at which server, and how long a token is used. Called by the session
 * for each request. One login at a time, whoever waits. A token is renewed in the background in the last tenth of its life, and at once
 * after the server has refused it, which happens when a server forgets it. It has no timer: a client that asks nothing logs in never.
 */
import { AuthError, ConnectionError, isNacosError, RequestTimeoutError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { Clock } from '../../util/clock.js';
import { asError, runInBackground, waitWithin } from '../../util/deferred.js';
import type { AuthHeaders, CredentialBounds, Credentials, RequestScope } from './credentials.js';
import type { Login, LoginServer, LoginToken } from './login.js';
import { unavailable } from './provided.js';

export interface PasswordOptions {
  readonly username: string;
  /** Asked at each login: a file or a vault may hold another one by then. */
  readonly password: (signal: AbortSignal) => string | Promise<string>;
  /** Those of now; an address server may list others later. */
  readonly servers: () => readonly LoginServer[];
  readonly login: Login;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOGIN_TIMEOUT_MS = 3000;
/** Nacos' own client renews between a fifteenth and a tenth of the life before its end, spread so that clients do not come together. */
const EARLIEST = 1 / 10;
const LATEST = 1 / 15;
/** A refusal of a token this young is no matter of its age: logging in again at once would be a hot loop. */
const YOUNG_MS = 1000;

interface Token {
  readonly headers: AuthHeaders;
  readonly sinceMs: number;
  readonly renewMs: number;
  readonly endMs: number;
}

export function createPasswordCredentials(options: PasswordOptions): Credentials {
  return new PasswordCredentials(options);
}

class PasswordCredentials implements Credentials {
  readonly #options: PasswordOptions;
  readonly #abort = new AbortController();
  #token: Token | undefined;
  #login: Promise<Token> | undefined;
  /** The server that answered last comes first. */
  #preferred = 0;
  #saidFailure = false;

  constructor(options: PasswordOptions) {
    this.#options = options;
  }

  current(): AuthHeaders | undefined {
    const token = this.#token;
    const nowMs = this.#options.clock.nowMs();
    if (token === undefined || nowMs >= token.endMs) return undefined;
    if (nowMs >= token.renewMs) runInBackground(this.#renewEarly());
    return token.headers;
  }

  async obtain(_scope: RequestScope, bounds: CredentialBounds): Promise<AuthHeaders> {
    const good = this.current();
    if (good !== undefined) return good;
    const token = await waitWithin(this.#renew(), {
      clock: this.#options.clock,
      timeoutMs: bounds.timeoutMs,
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () => new RequestTimeoutError('the login to Nacos was not answered in time'),
    });
    return token.headers;
  }

  refuse(headers: AuthHeaders): boolean {
    const token = this.#token;
    // Another request was refused before this one: a newer login is there, or on its way.
    if (token?.headers !== headers) return true;
    if (this.#options.clock.nowMs() - token.sinceMs < YOUNG_MS) return false;
    this.#token = undefined;
    return true;
  }

  close(): void {
    this.#abort.abort(new ConnectionError('CONNECTION_LOST', 'the client is closed'));
    this.#token = undefined;
  }

  /** The old token is good still: that it could not be renewed matters only at its end. */
  async #renewEarly(): Promise<void> {
    await this.#renew().catch((error: unknown) => {
      this.#options.logger.debug(`the login could not be renewed yet: ${asError(error).message}`);
    });
  }

  #renew(): Promise<Token> {
    this.#login ??= this.#logIn().finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  async #logIn(): Promise<Token> {
    const { login, username, logger } = this.#options;
    const { signal } = this.#abort;
    const servers = this.#options.servers();
    let failure: Error = new ConnectionError('CONNECT_FAILED', 'no server to log in at');
    const password = await this.#password();
    for (let offset = 0; offset < servers.length; offset += 1) {
      const index = (this.#preferred + offset) % servers.length;
      const server = servers[index];
      if (server === undefined) break;
      try {
        const bounds = { username, password, timeoutMs: LOGIN_TIMEOUT_MS, signal };
        const token = this.#keep(await login(server, bounds));
        this.#preferred = index;
        if (this.#saidFailure) logger.info(`logged in to Nacos as ${username}`);
        this.#saidFailure = false;
        return token;
      } catch (error) {
        failure = asError(error);
        if (signal.aborted) throw failure;
        // Another server of the same cluster knows the same users.
        if (failure instanceof AuthError) break;
      }
    }
    throw this.#said(failure);
  }

  async #password(): Promise<string> {
    try {
      return await waitWithin(passwordLater(this.#options.password, this.#abort.signal), {
        clock: this.#options.clock,
        timeoutMs: LOGIN_TIMEOUT_MS,
        signal: this.#abort.signal,
        holdsProcess: false,
        onTimeout: () => new Error(`no answer within ${String(LOGIN_TIMEOUT_MS)} ms`),
      });
    } catch (error) {
      if (this.#abort.signal.aborted) throw asError(error);
      const name = `the password of user ${this.#options.username}`;
      throw this.#said(
        isNacosError(error) ? error : unavailable(name, asError(error).message, error),
      );
    }
  }

  /** What no later attempt by itself will change is said, once. */
  #said(failure: Error): Error {
    if (failure instanceof AuthError && !this.#saidFailure) {
      this.#saidFailure = true;
      this.#options.logger.error(`${failure.message}; trying again`);
    }
    return failure;
  }

  #keep({ accessToken, lifetimeMs }: LoginToken): Token {
    const { clock } = this.#options;
    const sinceMs = clock.nowMs();
    const window = lifetimeMs * (LATEST + (EARLIEST - LATEST) * clock.random());
    this.#token = {
      headers: Object.freeze({ accessToken }),
      sinceMs,
      renewMs: sinceMs + lifetimeMs - window,
      endMs: sinceMs + lifetimeMs,
    };
    return this.#token;
  }
}

/** What a function of a user throws at once is a rejection too. */
async function passwordLater(
  password: PasswordOptions['password'],
  signal: AbortSignal,
): Promise<string> {
  const given: unknown = await password(signal);
  if (typeof given !== 'string' || given === '') throw new Error('it is no text, or an empty one');
  return given;
}
