/**
 * Owns the way from ES modules to the hooks, which are CommonJS files so that a preload can load them. Used by explicit.ts. Nothing is loaded before
 * a function here is called. The types stand here, since the two kinds of files are compiled apart.
 */
import { createRequire } from 'node:module';

import type { ProcessHub } from '../process-hub.js';
import { VERSION } from '../version.js';

interface HubModule {
  readonly findHub: (version: string) => ProcessHub;
}
interface CallHooks {
  readonly installHttpHook: (hub: ProcessHub) => void;
  readonly installFetchHook: (hub: ProcessHub) => void;
}
interface FrameworkHooks {
  readonly installFastifyHook: (hub: ProcessHub) => void;
}

const HUB = Symbol.for('nacos-serving.runtime.1');
const load = createRequire(import.meta.url);

/** The hub of this process, made when there is none. */
export function findHub(): ProcessHub {
  // Its own build, by the name of its file: what it exports is known.
  const { findHub: find } = load('../runtime/hub.cjs') as HubModule;
  return find(VERSION);
}

/** The hub of this process, when there is one. */
export function presentHub(): ProcessHub | undefined {
  return Reflect.get(globalThis, HUB) as ProcessHub | undefined; // ours alone, by its symbol
}

/** Lets HTTP clients of this process reach services by name. Idempotent. */
export function installCallHooks(hub: ProcessHub): void {
  const { installHttpHook } = load('./http-hook.cjs') as Pick<CallHooks, 'installHttpHook'>;
  const { installFetchHook } = load('./fetch-hook.cjs') as Pick<CallHooks, 'installFetchHook'>;
  installHttpHook(hub);
  installFetchHook(hub);
}

/** Has apps of frameworks which refuse requests before they close their server leave before that. Idempotent. */
export function installFrameworkHooks(hub: ProcessHub): void {
  const { installFastifyHook } = load('./fastify-hook.cjs') as FrameworkHooks;
  installFastifyHook(hub);
}
