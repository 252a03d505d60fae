/**
 * Owns what credentials mean for the requests of one session: which headers they carry, and whether a refused one is sent again with
 * others. Called by the session for each request; without credentials it does nothing and costs nothing.
 */
import { AuthError } from '../../errors.js';
import type { JsonObject } from '../../wire/json.js';
import type { AuthHeaders, CredentialBounds, Credentials, RequestScope } from './credentials.js';
import { scopeOf } from './scope.js';

export class Authorizer {
  readonly #credentials: Credentials | undefined;
  readonly #module: RequestScope['module'];
  /** Answers to credentials, as opposed to a login that failed; true: others are to be had. */
  readonly #refusals = new WeakMap<Error, boolean>();

  constructor(credentials: Credentials | undefined, module: RequestScope['module']) {
    this.#credentials = credentials;
    this.#module = module;
  }

  /** undefined: the request carries none. A promise only when something has to be waited for. */
  headersFor(
    body: JsonObject,
    bounds: CredentialBounds,
  ): AuthHeaders | undefined | Promise<AuthHeaders> {
    const credentials = this.#credentials;
    if (credentials === undefined) return undefined;
    const scope = scopeOf(this.#module, body);
    return credentials.current(scope) ?? credentials.obtain(scope, bounds);
  }

  /** Runs the verdict on an answer, and remembers that it refused these. */
  check(headers: AuthHeaders | undefined, verdict: () => void): void {
    try {
      verdict();
    } catch (error) {
      if (headers !== undefined && error instanceof AuthError) {
        this.#refusals.set(error, this.#credentials?.refuse(headers) === true);
      }
      throw error;
    }
  }

  /** Once: when they were refused and others are to be had; a right that the user lacks stays lacking. */
  mayRepeat(error: Error, before: Error | undefined): boolean {
    if (before !== undefined && this.#refusals.has(before)) return false;
    return this.#refusals.get(error) === true;
  }
}
