/**
 * Owns the logins of the dev server: one user, tokens with an end. Asked by the request order of gRPC and by the HTTP side; the login route
 * makes tokens. Without a user everything is allowed, as on a server whose auth is off.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';

import type { Clock } from '../util/clock.js';

/** Who may log in; without it the server asks nobody. */
export interface DevServerAuth {
  readonly username: string;
  readonly password: string;
  /** Life of a token. Default 18,000, as real servers. */
  readonly tokenTtlSeconds?: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenTtl: number;
}

const DEFAULT_TTL_SECONDS = 18_000;

export class Tokens {
  readonly #auth: DevServerAuth | undefined;
  readonly #clock: Clock;
  /** Token -> its end. */
  readonly #ends = new Map<string, number>();
  #logins = 0;

  constructor(auth: DevServerAuth | undefined, clock: Clock) {
    this.#auth = auth;
    this.#clock = clock;
  }

  /** Logins that were accepted so far. */
  get logins(): number {
    return this.#logins;
  }

  /** undefined for a wrong user or password. */
  logIn(username: string, password: string): IssuedToken | undefined {
    const auth = this.#auth;
    const tokenTtl = auth?.tokenTtlSeconds ?? DEFAULT_TTL_SECONDS;
    if (auth !== undefined) {
      const isRight = isSame(username, auth.username) && isSame(password, auth.password);
      if (!isRight) return undefined;
    }
    this.#logins += 1;
    const accessToken = randomUUID();
    this.#ends.set(accessToken, this.#clock.nowMs() + tokenTtl * 1000);
    return { accessToken, tokenTtl };
  }

  accepts(token: string | undefined): boolean {
    if (this.#auth === undefined) return true;
    const end = token === undefined ? undefined : this.#ends.get(token);
    return end !== undefined && this.#clock.nowMs() < end;
  }

  /** As after a restart of a server that keeps no tokens. */
  forget(): void {
    this.#ends.clear();
  }
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
