/**
 * Owns asking Nacos' HTTP API for what gRPC has no request for. Called by the config client. Each server of the list is tried, the one that
 * answered last first, and one that says nothing leaves the others their share of the time. A login that was forgotten is made again once. What proves who asks goes in headers, since URLs get into the logs of servers and proxies.
 */
import type { HttpGet, HttpReply } from '../config/http-get.js';
import { AuthError, ConnectionError, RequestTimeoutError } from '../errors.js';
import type { Credentials, RequestScope } from '../remote/auth/credentials.js';
import { httpCall, type HttpCall } from '../remote/http-call.js';
import type { ServerSource } from '../remote/server-source.js';
import type { TlsMaterial } from '../remote/tls-material.js';
import type { Endpoint } from '../remote/transport.js';
import { systemClock } from '../util/clock.js';

export interface HttpApiParts {
  readonly servers: ServerSource;
  readonly tls: TlsMaterial;
  readonly credentials: Credentials | undefined;
  readonly requestTimeoutMs: number;
}

/** Of a list with the contents of its configs. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const DEFAULT_CONTEXT_PATH = '/nacos';

export function createHttpGet(parts: HttpApiParts): HttpGet {
  const preferred: Preferred = {};
  return async (path, query, bounds) => {
    const timeoutMs = bounds.timeoutMs ?? parts.requestTimeoutMs;
    const scope = scopeOf(query);
    const { credentials } = parts;
    for (let isAgain = false; ; isAgain = true) {
      const headers =
        credentials?.current(scope) ?? (await credentials?.obtain(scope, { ...bounds, timeoutMs }));
      const reply = await ask(
        parts,
        preferred,
        `${path}?${new URLSearchParams(query).toString()}`,
        {
          method: 'GET',
          what: path,
          headers,
          timeoutMs,
          signal: bounds.signal,
          holdsProcess: bounds.holdsProcess ?? true,
          maxBytes: MAX_ANSWER_BYTES,
          tls: parts.tls,
        },
      );
      if (reply.status !== 401 && reply.status !== 403) return reply;
      const mayRepeat = headers !== undefined && credentials?.refuse(headers) === true;
      if (isAgain || !mayRepeat) {
        throw new AuthError(`${path}: Nacos refuses it (status ${String(reply.status)})`);
      }
    }
  };
}

interface Preferred {
  /** Answered last. */
  server?: Endpoint;
}

/** The first server that answers. `timeoutMs` is for all of them. */
async function ask(
  { servers }: HttpApiParts,
  preferred: Preferred,
  pathAndQuery: string,
  call: Omit<HttpCall, 'path'>,
): Promise<HttpReply> {
  const endMs = systemClock.nowMs() + call.timeoutMs;
  const list = preferredFirst(servers.list, preferred.server);
  let failure: Error = new ConnectionError('CONNECT_FAILED', `${call.what}: no server to ask`);
  for (const [nth, server] of list.entries()) {
    const { host, port, secure = false, contextPath } = server;
    const path = `${contextPath ?? DEFAULT_CONTEXT_PATH}${pathAndQuery}`;
    const shareMs = (endMs - systemClock.nowMs()) / (list.length - nth);
    try {
      const timeoutMs = Math.max(1, Math.round(shareMs));
      const reply = await httpCall({ host, port, secure }, { ...call, path, timeoutMs });
      preferred.server = server;
      return reply;
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof RequestTimeoutError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function preferredFirst(
  list: readonly Endpoint[],
  first: Endpoint | undefined,
): readonly Endpoint[] {
  if (first === undefined || !list.includes(first)) return list;
  return [first, ...list.filter((server) => server !== first)];
}

/** What a signature is made for, by the names of whichever API it is. */
function scopeOf(query: Readonly<Record<string, string>>): RequestScope {
  return {
    module: 'config',
    namespace: query['tenant'] ?? query['namespaceId'] ?? '',
    group: query['group'] ?? query['groupName'] ?? '',
    name: query['dataId'] ?? '',
  };
}
