/**
 * Owns what a login means for the requests of one session: which headers they carry, and whether a refused one is asked again with another
 * login. Called by the session for each request; without credentials it does nothing and costs nothing.
 */
import { AuthError } from '../../errors.js';
import type { AuthHeaders, CredentialBounds, Credentials } from './credentials.js';

export class Authorizer {
  readonly #credentials: Credentials | undefined;
  /** Answers to a token, as opposed to a login that failed. */
  readonly #refusals = new WeakSet<Error>();

  constructor(credentials: Credentials | undefined) {
    this.#credentials = credentials;
  }

  /** undefined: `obtain` has to wait for a login, or there is nothing to log in with. */
  current(): AuthHeaders | undefined {
    return this.#credentials?.current();
  }

  async obtain(
    timeoutMs: number,
    bounds: Omit<CredentialBounds, 'timeoutMs'>,
  ): Promise<AuthHeaders | undefined> {
    return this.#credentials?.obtain({ ...bounds, timeoutMs });
  }

  /** Runs the verdict on an answer, and remembers that it refused this login. */
  check(headers: AuthHeaders | undefined, verdict: () => void): void {
    try {
      verdict();
    } catch (error) {
      if (headers !== undefined && error instanceof AuthError) {
        this.#credentials?.refuse(headers);
        this.#refusals.add(error);
      }
      throw error;
    }
  }

  /** Once: when the login was refused and another one is to be had; a right that the user lacks stays lacking. */
  mayRepeat(error: Error, before: Error | undefined): boolean {
    if (before !== undefined && this.#refusals.has(before)) return false;
    return this.#refusals.has(error) && this.#credentials?.current() === undefined;
  }

  close(): void {
    this.#credentials?.close();
  }
}
