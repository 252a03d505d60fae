/**
 * Owns one login over HTTP: the path of Nacos 3, and the older one where that is missing. Called by password.ts. User and password go in
 * the body, never in the URL, which servers and proxies write into their logs. The socket is ours alone: no agent, hook or proxy of the app
 * sees it. Source: docs/protocol.md#login (Nacos `HttpLoginProcessor`).
 */
import { Agent, request } from 'node:http';

import { AuthError, ConnectionError, ProtocolError, RequestTimeoutError } from '../../errors.js';
import { hostPort } from '../../model.js';
import { onAbort } from '../../util/abort.js';
import { systemClock } from '../../util/clock.js';
import { asError } from '../../util/deferred.js';

export interface LoginServer {
  readonly host: string;
  /** The main port. */
  readonly port: number;
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

const PATHS = ['/nacos/v3/auth/user/login', '/nacos/v1/auth/login'];
const ANSWER_BYTES = 64 * 1024;
/** `AuthConstants.DEFAULT_TOKEN_EXPIRE_SECONDS`, for a server that does not say. */
const DEFAULT_TTL_SECONDS = 18_000;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** @throws AuthError when the server does not accept them, else ConnectionError, RequestTimeoutError, ProtocolError */
export const loginOverHttp: Login = async (server, login) => {
  for (const path of PATHS) {
    const answer = await post(server, path, login);
    // Nacos 2 knows no v3; what it does not know it answers with one of these, and behind auth with 403 at times.
    const isMissing = answer.status === 404 || answer.status === 501 || answer.status === 405;
    if (isMissing && path !== PATHS.at(-1)) continue;
    return readToken(server, answer, login.username);
  }
  throw new ProtocolError('UNEXPECTED_RESPONSE', `${hostPort(at(server))} has no login`);
};

function post(server: LoginServer, path: string, login: LoginRequest): Promise<Answer> {
  const { username, password, timeoutMs, signal } = login;
  const body = new URLSearchParams({ username, password }).toString();
  return new Promise((resolve, reject) => {
    const sent = request({
      // An agent of its own, whose sockets nobody else gets and which is gone with this call.
      agent: new Agent({ keepAlive: false }),
      host: server.host,
      port: server.port,
      path,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      },
    });
    const unwatch = onAbort(signal, () => sent.destroy(asError(signal.reason)));
    // Of the whole: an answer that drips would keep an idle socket busy for ever, and every request waits for the token.
    const bound = systemClock.after(timeoutMs, () => {
      const text = `login at ${hostPort(at(server))} was not answered within ${String(timeoutMs)} ms`;
      sent.destroy(new RequestTimeoutError(text));
    });
    const stop = (): void => {
      unwatch();
      bound.cancel();
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      stop();
      const known = signal.aborted || error instanceof RequestTimeoutError;
      reject(known ? error : unreachable(server, error));
    };
    sent.on('socket', (socket) => socket.unref());
    sent.on('error', fail);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES) response.destroy(new Error('the answer is too long'));
      });
      // Cut short by the bound or the signal, it says no more than that it was.
      response.on('error', (error) => fail(asError(sent.errored ?? error)));
      response.on('end', () => {
        stop();
        resolve({ status: response.statusCode ?? 0, body: text });
      });
    });
    sent.end(body);
  });
}

function readToken(server: LoginServer, answer: Answer, username: string): LoginToken {
  const where = hostPort(at(server));
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

function unreachable(server: LoginServer, cause: NodeJS.ErrnoException): ConnectionError {
  const why = cause.code ?? cause.message;
  return new ConnectionError('CONNECT_FAILED', `login at ${hostPort(at(server))}: ${why}`, {
    cause,
  });
}

function at(server: LoginServer): { ip: string; port: number } {
  return { ip: server.host, port: server.port };
}
