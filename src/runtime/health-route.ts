/**
 * Owns the answers on paths of the app's own server (options `health.path` and `metrics.path`), for http, https and http2. Put on by the process
 * runtime. Exactly these paths are answered before the app sees the request, for GET and HEAD; every other request goes on untouched. A
 * server without the options has nothing of this.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

import { answerHttp, answerStream, isRead, pathOf, type HttpAnswer } from './health-response.js';

/** undefined: this server is not the one that answers, the app gets the request. */
export type AnswerOf = () => HttpAnswer | undefined;

export interface OwnRoute {
  /** A server has one of each. */
  readonly kind: 'health' | 'metrics';
  readonly path: string;
  readonly answer: AnswerOf;
}

/** Of each server that has any, by what they are for. */
const routesOf = new WeakMap<Server, Map<OwnRoute['kind'], OwnRoute>>();

/** Answers this path from now on. The first call of a kind for a server counts. */
export function answerRouteOn(server: Server, route: OwnRoute): void {
  const known = routesOf.get(server);
  if (known !== undefined) {
    if (!known.has(route.kind)) known.set(route.kind, route);
    return;
  }
  const routes = new Map([[route.kind, route]]);
  routesOf.set(server, routes);
  const emit: unknown = Reflect.get(server, 'emit');
  if (typeof emit !== 'function') return;
  const isHttp2 = 'updateSettings' in server;
  const value = function (
    this: Server,
    ...args: [event: string | symbol, ...rest: unknown[]]
  ): boolean {
    if (args[0] === 'request' && answerRequest(args, routes)) return true;
    // All of http2 comes in here, and only then, for apps that want it, as requests.
    if (isHttp2 && args[0] === 'stream' && answerOfStream(args, routes)) return true;
    return Boolean(Reflect.apply(emit, this, args));
  };
  Object.defineProperty(server, 'emit', { value, writable: true, configurable: true });
}

function answerRequest(args: readonly unknown[], routes: Routes): boolean {
  const [, request, response] = args;
  if (!(request instanceof IncomingMessage) || !(response instanceof ServerResponse)) return false;
  const answer = answerAt(routes, request.url, request.method);
  if (answer === undefined) return false;
  answerHttp(request, response, answer);
  return true;
}

function answerOfStream(args: readonly unknown[], routes: Routes): boolean {
  const [, stream, headers] = args;
  if (typeof headers !== 'object' || headers === null || !isStream(stream)) return false;
  const url: unknown = Reflect.get(headers, ':path');
  const method: unknown = Reflect.get(headers, ':method');
  if (typeof url !== 'string' || typeof method !== 'string') return false;
  const answer = answerAt(routes, url, method);
  if (answer === undefined) return false;
  answerStream(stream, method, answer);
  return true;
}

type Routes = ReadonlyMap<OwnRoute['kind'], OwnRoute>;

function answerAt(routes: Routes, url: string | undefined, method: string | undefined) {
  const path = pathOf(url);
  for (const route of routes.values()) {
    if (route.path === path) return isRead(method) ? route.answer() : undefined;
  }
  return undefined;
}

/** By what is used of it: http2 is not loaded just to ask `instanceof`. */
function isStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'respond' in value && 'end' in value;
}
