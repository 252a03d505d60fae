/**
 * Owns the HTTP side: one request in, the right route, one answer out. Called by Node's HTTP server through the TCP
 * front. Routes are plain functions in the other files of this folder; an unknown path gets a JSON answer that says so. With
 * auth on, everything but login and health wants a token.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Logger } from '../../logger.js';
import { createHttpsServer, type DevServerTls } from '../tls.js';
import { createDeferred, runInBackground, type Deferred } from '../../util/deferred.js';

/** Query parameters; the first of a repeated one, '' for a missing one. */
export type HttpQuery = (name: string) => string;

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body: unknown;
}

export type HttpRoute = (query: HttpQuery) => HttpAnswer;

/** Path -> route of a GET. */
export type HttpRoutes = ReadonlyMap<string, HttpRoute>;

const TEXT = 'text/plain;charset=UTF-8';
const JSON_TYPE = 'application/json';

/** A form of a login is short. */
const FORM_BYTES = 16 * 1024;
const OPEN_PATHS = /^\/(?:$|nacos\/v\d\/(?:auth\/|console\/health\/|admin\/core\/state))/;

export interface HttpApiParts {
  /** Of GET. */
  readonly routes: HttpRoutes;
  /** Of POST, with the fields of a form besides the query. */
  readonly forms: HttpRoutes;
  readonly accepts: (token: string | undefined) => boolean;
  readonly logger: Logger;
  readonly tls: DevServerTls | undefined;
  /** In front of every path instead of `/nacos`; '' for none. */
  readonly contextPath: string;
}

const NACOS = '/nacos';

export class HttpApi {
  readonly #parts: HttpApiParts;
  #held: Deferred<void> | undefined;

  constructor(parts: HttpApiParts) {
    this.#parts = parts;
  }

  /** A server that is not listening yet. */
  createServer(): Server {
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      runInBackground(this.#serve(request, response));
    };
    const { tls } = this.#parts;
    return tls?.https === true ? createHttpsServer(tls, serve) : createServer(serve);
  }

  /** On: requests wait until it is off again. */
  hold(on: boolean): void {
    if (on) {
      this.#held ??= createDeferred<void>();
    } else {
      this.#held?.resolve();
      this.#held = undefined;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request);
    await this.#held?.promise;
    const answer = this.#route(request, form);
    const isText = typeof answer.body === 'string';
    response.writeHead(answer.status, {
      'Content-Type': isText ? TEXT : JSON_TYPE,
      ...answer.headers,
    });
    response.end(isText ? answer.body : JSON.stringify(answer.body));
  }

  #route(request: IncomingMessage, form: string): HttpAnswer {
    const { routes, forms, accepts, logger } = this.#parts;
    const { method = 'GET', url = '/', headers } = request;
    const [asked = '/', ...rest] = url.split('?');
    const path = this.#inNacos(asked);
    const query = new URLSearchParams(rest.join('?'));
    const fields = new URLSearchParams(form);
    logger.debug(`${method} ${path}`);
    const isPost = method === 'POST';
    const route = isPost ? forms.get(path) : routes.get(path);
    if (route === undefined || !(isPost || method === 'GET' || method === 'HEAD')) {
      const isKnown = routes.has(path) || forms.has(path);
      return unknown(isKnown ? 405 : 404, `No endpoint ${method} ${path}.`);
    }
    const token = query.get('accessToken') ?? headers['accesstoken'];
    if (!OPEN_PATHS.test(path) && !accepts(typeof token === 'string' ? token : undefined)) {
      return { status: 403, body: { status: 403, error: 'Forbidden', message: 'user not found!' } };
    }
    return route((name) => query.get(name) ?? fields.get(name) ?? '');
  }

  /** As the table of routes has it. */
  #inNacos(path: string): string {
    const { contextPath } = this.#parts;
    if (contextPath === NACOS) return path;
    if (path.startsWith(`${contextPath}/`)) return `${NACOS}${path.slice(contextPath.length)}`;
    return path.startsWith(NACOS) ? '' : path;
  }
}

/** The body of a POST; that of anything else is read and dropped. */
async function readForm(request: IncomingMessage): Promise<string> {
  let form = '';
  request.setEncoding('utf8');
  try {
    for await (const chunk of request) {
      if (form.length < FORM_BYTES) form += String(chunk);
    }
  } catch {
    // The client is gone; nobody reads the answer.
  }
  return request.method === 'POST' ? form : '';
}

/** `{code, message, data}` around what v2 and v3 answer. */
export function result(data: unknown): HttpAnswer {
  return { status: 200, body: { code: 0, message: 'success', data } };
}

export interface ResultFailure {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export function resultFailure({ status, code, message, data = null }: ResultFailure): HttpAnswer {
  return { status, body: { code, message, data } };
}

export function text(status: number, body: string): HttpAnswer {
  return { status, body };
}

/** What v3 answers when a parameter is not there. */
export function missingParameter(name: string): HttpAnswer {
  return resultFailure({
    status: 400,
    code: 10_000,
    message: 'parameter missing',
    data: `Required parameter '${name}' type String is not present`,
  });
}

function unknown(status: number, message: string): HttpAnswer {
  const error = status === 404 ? 'Not Found' : 'Method Not Allowed';
  return { status, body: { status, error, message } };
}
