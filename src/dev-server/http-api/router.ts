/**
 * Owns the HTTP side: one request in, the right route, one answer out. Called by Node's HTTP server through the TCP
 * front. Routes are plain functions in the other files of this folder; an unknown path gets a JSON answer that says so.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Logger } from '../../logger.js';
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

export class HttpApi {
  readonly #routes: HttpRoutes;
  readonly #logger: Logger;
  #held: Deferred<void> | undefined;

  constructor(routes: HttpRoutes, logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
  }

  /** A server that is not listening yet. */
  createServer(): Server {
    return createServer((request, response) => {
      runInBackground(this.#serve(request, response));
    });
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
    request.resume();
    await this.#held?.promise;
    const answer = this.#route(request);
    const isText = typeof answer.body === 'string';
    response.writeHead(answer.status, {
      'Content-Type': isText ? TEXT : JSON_TYPE,
      ...answer.headers,
    });
    response.end(isText ? answer.body : JSON.stringify(answer.body));
  }

  #route(request: IncomingMessage): HttpAnswer {
    const { method = 'GET', url = '/' } = request;
    const [path = '/', ...rest] = url.split('?');
    const parameters = new URLSearchParams(rest.join('?'));
    this.#logger.debug(`${method} ${path}`);
    const route = this.#routes.get(path);
    if (route === undefined || (method !== 'GET' && method !== 'HEAD')) {
      return unknown(route === undefined ? 404 : 405, `No endpoint ${method} ${path}.`);
    }
    return route((name) => parameters.get(name) ?? '');
  }
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
