/**
 * Owns what the session asks of credentials: the headers of its next request, and what to do when the server has refused them; and the
 * interface by which users bring credentials of their own. Implemented by password.ts, provided.ts and combined.ts. Types only.
 */
/** Headers that prove who sends a request. */
export type AuthHeaders = Readonly<Record<string, string>>;

/** What a request is about; a signature is made for it. */
export interface RequestScope {
  readonly module: 'naming' | 'config';
  /** As the request names it: '' is the default one in requests of the config module. */
  readonly namespace: string;
  /** '' when the request is about no group in particular. */
  readonly group: string;
  /** Name of the service, or data id; '' when the request is about none in particular. */
  readonly name: string;
}

export interface CredentialBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly holdsProcess?: boolean;
}

export interface Credentials {
  /** Those that are good now, without waiting; undefined when there are none. */
  current(scope: RequestScope): AuthHeaders | undefined;
  /** Gets some when there are none. @throws AuthError, ConnectionError, RequestTimeoutError, the signal's reason */
  obtain(scope: RequestScope, bounds: CredentialBounds): Promise<AuthHeaders>;
  /** The server has refused these. True: what is asked for next is other than these, so the request may be sent once more. */
  refuse(headers: AuthHeaders): boolean;
  close(): void;
}

/** Keys that sign each request (RAM). The secret is never sent. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of temporary keys (STS); sent along. */
  readonly securityToken?: string | undefined;
}

/** What a provider gives: keys that we sign with, or headers, the same for all requests or made for each. */
export type ProvidedCredentials = (
  | AccessKeys
  | {
      /** As they are sent; a function makes them for each request. */
      readonly headers: AuthHeaders | ((request: RequestScope) => AuthHeaders);
    }
) & {
  /** Epoch ms from which they are no good. Default: they stay good until the server refuses them. */
  readonly expiresAtMs?: number | undefined;
  /** Ask again this many ms after they came, while they go on being used. Default: 3 min before their end, or half their life. */
  readonly renewAfterMs?: number | undefined;
};

/** Credentials of a user's own, from wherever they come. Given to `createClient` as `credentials`. */
export interface CredentialsProvider {
  /**
   * Called at first use, before `expiresAtMs`, and after the server has refused what it gave. One call at a time, at most 5 s long. When it
   * throws or rejects, the request that needs it fails with AuthError CREDENTIALS_UNAVAILABLE, and the next one asks again.
   */
  provide(options: {
    readonly signal: AbortSignal;
  }): ProvidedCredentials | Promise<ProvidedCredentials>;
}
