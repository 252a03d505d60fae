/**
 * Owns several credentials of one client, such as a login and keys that sign: each request carries the headers of all. Built by
 * client/connection.ts.
 */
import type { AuthHeaders, CredentialBounds, Credentials, RequestScope } from './credentials.js';

/** undefined for none, the one itself for one. */
export function combineCredentials(all: readonly Credentials[]): Credentials | undefined {
  const [first, ...others] = all;
  return others.length === 0 ? first : new CombinedCredentials(all);
}

class CombinedCredentials implements Credentials {
  readonly #all: readonly Credentials[];
  /** What the headers of a request were joined from. */
  readonly #parts = new WeakMap<AuthHeaders, readonly AuthHeaders[]>();

  constructor(all: readonly Credentials[]) {
    this.#all = all;
  }

  current(scope: RequestScope): AuthHeaders | undefined {
    const parts: AuthHeaders[] = [];
    for (const one of this.#all) {
      const headers = one.current(scope);
      if (headers === undefined) return undefined;
      parts.push(headers);
    }
    return this.#join(parts);
  }

  async obtain(scope: RequestScope, bounds: CredentialBounds): Promise<AuthHeaders> {
    return this.#join(await Promise.all(this.#all.map((one) => one.obtain(scope, bounds))));
  }

  refuse(headers: AuthHeaders): boolean {
    const parts = this.#parts.get(headers) ?? [];
    // Which of them the server did not like it does not say.
    return parts.map((part, index) => this.#all[index]?.refuse(part) === true).includes(true);
  }

  close(): void {
    for (const one of this.#all) one.close();
  }

  #join(parts: readonly AuthHeaders[]): AuthHeaders {
    const joined: AuthHeaders = Object.freeze(Object.assign({}, ...parts) as AuthHeaders);
    this.#parts.set(joined, parts);
    return joined;
  }
}
