/**
 * Owns the way from ES modules to the hooks, which are CommonJS files so that a preload can load them. Used by explicit.ts. Nothing is loaded before
 * a function here is called. The types stand here, since the two kinds of files are compiled apart.
 */
import type { Agent } from 'node:http';
import { createRequire } from 'node:module';

import type { CallRouter, ProcessHub } from '../process-hub.js';
import { VERSION } from '../version.js';

interface HubModule {
  readonly findHub: (version: string) => ProcessHub;
}
interface CallHooks {
  readonly installHttpHook: (hub: ProcessHub) => void;
  readonly installFetchHook: (hub: ProcessHub) => void;
}
interface AgentMaker {
  readonly createExplicitAgents: (
    source: CallSource,
    accepts: (host: string) => boolean,
  ) => ExplicitAgents;
}
interface FrameworkHooks {
  readonly installFastifyHook: (hub: ProcessHub) => void;
}

/** As `http-explicit.cts` says. */
export interface ExplicitAgents {
  readonly frontOf: <A extends Agent>(agent: A) => A;
  readonly teach: <A extends Agent>(agent: A) => A;
}

interface CallSource {
  readonly current: CallRouter | undefined;
  load(): Promise<CallRouter | undefined>;
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

/** Agents of node:http(s) that know services, for the explicit adapters. Nothing is hooked. */
export function loadExplicitAgents(
  source: CallSource,
  accepts: (host: string) => boolean,
): ExplicitAgents {
  const { createExplicitAgents } = load('./http-explicit.cjs') as AgentMaker;
  return createExplicitAgents(source, accepts);
}
