/**
 * Owns the health answers on a path of the app's own server (option `health.path`), for http, https and http2. Put on by the process runtime.
 * Exactly that path is answered before the app sees the request, for GET and HEAD; every other request goes on untouched. A server
 * without the option has nothing of this.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

import type { HealthAnswer } from './health.js';
import { answerHttp, answerStream, isRead, pathOf } from './health-response.js';

/** undefined: this server is not the one that answers, the app gets the request. */
export type AnswerOf = () => HealthAnswer | undefined;

const answered = new WeakSet<Server>();

/** Answers this path from now on. The first call for a server counts. */
export function answerHealthOn(server: Server, path: string, answer: AnswerOf): void {
  if (answered.has(server)) return;
  answered.add(server);
  const emit: unknown = Reflect.get(server, 'emit');
  if (typeof emit !== 'function') return;
  const isHttp2 = 'updateSettings' in server;
  const value = function (
    this: Server,
    ...args: [event: string | symbol, ...rest: unknown[]]
  ): boolean {
    if (args[0] === 'request' && answerRequest(args, path, answer)) return true;
    // All of http2 comes in here, and only then, for apps that want it, as requests.
    if (isHttp2 && args[0] === 'stream' && answerOfStream(args, path, answer)) return true;
    return Boolean(Reflect.apply(emit, this, args));
  };
  Object.defineProperty(server, 'emit', { value, writable: true, configurable: true });
}

function answerRequest(args: readonly unknown[], path: string, answer: AnswerOf): boolean {
  const [, request, response] = args;
  if (!(request instanceof IncomingMessage) || !(response instanceof ServerResponse)) return false;
  if (pathOf(request.url) !== path || !isRead(request.method)) return false;
  const health = answer();
  if (health === undefined) return false;
  answerHttp(request, response, health);
  return true;
}

function answerOfStream(args: readonly unknown[], path: string, answer: AnswerOf): boolean {
  const [, stream, headers] = args;
  if (typeof headers !== 'object' || headers === null || !isStream(stream)) return false;
  const url: unknown = Reflect.get(headers, ':path');
  const method: unknown = Reflect.get(headers, ':method');
  if (typeof url !== 'string' || typeof method !== 'string') return false;
  if (pathOf(url) !== path || !isRead(method)) return false;
  const health = answer();
  if (health === undefined) return false;
  answerStream(stream, method, health);
  return true;
}

/** By what is used of it: http2 is not loaded just to ask `instanceof`. */
function isStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'respond' in value && 'end' in value;
}
