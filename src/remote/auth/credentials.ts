/**
 * Owns what the session asks of credentials: the headers of its next request, and a new login after the server has refused them. Implemented by
 * password.ts. Types only.
 */
export type AuthHeaders = Readonly<Record<string, string>>;

export interface CredentialBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly holdsProcess?: boolean;
}

export interface Credentials {
  /** Those of a login that is good now, without waiting; undefined when there is none. */
  current(): AuthHeaders | undefined;
  /** Logs in when there is no good login. @throws AuthError, ConnectionError, RequestTimeoutError, the signal's reason */
  obtain(bounds: CredentialBounds): Promise<AuthHeaders>;
  /** The server has refused these: what is asked for next comes from another login, if a login can help at all. */
  refuse(headers: AuthHeaders): void;
  close(): void;
}
