/**
 * Owns one login over HTTP: the path of Nacos 3, and the older one where that is missing. Called by password.ts. User and password go in
 * the body, never in the URL, which servers and proxies write into their logs. Source: docs/protocol.md#login (Nacos
 * `HttpLoginProcessor`).
 */
import { AuthError, ConnectionError, ProtocolError } from '../../errors.js';
import { hostPort } from '../../model.js';
import { httpCall, type HttpAnswer } from '../http-call.js';
import type { TlsMaterial } from '../tls-material.js';

export interface LoginServer {
  readonly host: string;
  /** The main port. */
  readonly port: number;
  /** Default false. */
  readonly secure?: boolean | undefined;
  /** '' for none. Default `/nacos`. */
  readonly contextPath?: string | undefined;
}

export interface LoginToken {
  readonly accessToken: string;
  /** Of the token, in ms from now. */
  readonly lifetimeMs: number;
}

export interface LoginRequest {
  readonly username: string;
  readonly password: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Logs in at one server. */
export type Login = (server: LoginServer, request: LoginRequest) => Promise<LoginToken>;

export const DEFAULT_CONTEXT_PATH = '/nacos';
const PATHS = ['/v3/auth/user/login', '/v1/auth/login'];
/** `AuthConstants.DEFAULT_TOKEN_EXPIRE_SECONDS`, for a server that does not say. */
const DEFAULT_TTL_SECONDS = 18_000;

/** Throws AuthError when the server does not accept them, else ConnectionError, RequestTimeoutError, ProtocolError. */
export function createHttpLogin(tls: TlsMaterial): Login {
  return async (server, login) => {
    const { username, password, timeoutMs, signal } = login;
    const target = { host: server.host, port: server.port, secure: server.secure === true };
    for (const path of PATHS) {
      const answer = await httpCall(target, {
        method: 'POST',
        path: `${server.contextPath ?? DEFAULT_CONTEXT_PATH}${path}`,
        form: { username, password },
        what: 'login',
        timeoutMs,
        signal,
        tls,
      });
      // Nacos 2 knows no v3; what it does not know it answers with one of these, and behind auth with 403 at times.
      const isMissing = answer.status === 404 || answer.status === 501 || answer.status === 405;
      if (isMissing && path !== PATHS.at(-1)) continue;
      return readToken(server, answer, username);
    }
    throw new ProtocolError('UNEXPECTED_RESPONSE', `${whereOf(server)} has no login`);
  };
}

function readToken(server: LoginServer, answer: HttpAnswer, username: string): LoginToken {
  const where = whereOf(server);
  if (answer.status === 403 || answer.status === 401) {
    throw new AuthError(`Nacos at ${where} does not accept user ${username} with this password`);
  }
  if (answer.status >= 500) {
    // Starting, or sick: another one may do it. Nacos 3 has the same answer to a wrong password.
    const hint = answer.status === 500 ? ', which Nacos 3 answers to a wrong password too' : '';
    throw new ConnectionError(
      'CONNECT_FAILED',
      `login of user ${username} at ${where}: status ${String(answer.status)}${hint}`,
    );
  }
  const { accessToken, tokenTtl } = parse(answer.body);
  if (answer.status !== 200 || typeof accessToken !== 'string' || accessToken === '') {
    throw new ProtocolError(
      'UNEXPECTED_RESPONSE',
      `login at ${where}: status ${String(answer.status)} without a token`,
    );
  }
  const seconds = typeof tokenTtl === 'number' && tokenTtl > 0 ? tokenTtl : DEFAULT_TTL_SECONDS;
  return { accessToken, lifetimeMs: seconds * 1000 };
}

function parse(body: string): { readonly accessToken?: unknown; readonly tokenTtl?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return {};
    return {
      accessToken: Reflect.get(value, 'accessToken'),
      tokenTtl: Reflect.get(value, 'tokenTtl'),
    };
  } catch {
    // A page of a proxy: the caller says what is missing.
    return {};
  }
}

function whereOf(server: LoginServer): string {
  return hostPort({ ip: server.host, port: server.port });
}
