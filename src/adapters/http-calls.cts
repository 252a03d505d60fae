/**
 * Owns calls by name through node:http and node:https. Loaded by `http-hook.cts` at the first request of the process, and by the explicit
 * adapters. The Host header is written already when a request comes here, with the logical name; changing host and port makes agents
 * pool by instance. A host that cannot be a service costs one regular expression.
 */
import { Agent } from 'node:http';

import type { CallRouter, CallTarget, ProcessHub } from '../process-hub.js';
import { after } from './call-clock.cjs';
import { proxiedUrl } from './env-proxy.cjs';
import { directAgent, tlsAgent, undoProxyForm } from './http-agents.cjs';
import { NamedCall, type Send } from './http-call.cjs';
import { watcherOf } from './http-cover.cjs';
import { coverCreateSocket } from './http-failover.cjs';
import { watchIdle } from './http-idle.cjs';
import {
  endRequest,
  isHookedRequest,
  isObject,
  rewriteHeader,
  type HookedRequest,
  type RequestOptions,
  type RouterSource,
} from './http-request.cjs';
import { hintOnLookups } from './lookup-hint.cjs';
import { hookedHosts } from './service-host.cjs';

/** `addRequest` of an agent. Its arguments stand one by one, since every request of the process passes here. */
export type AddRequest = (agent: Agent, request: unknown, options: unknown) => unknown;

export interface HttpCallsParts {
  readonly source: RouterSource;
  /** Hosts that may be services here. */
  readonly accepts: (host: string) => boolean;
  /** The `addRequest` of Node's agents. */
  readonly original: AddRequest;
  /** Sees to it that connections of this agent are watched while they are made. */
  readonly prepare: (agent: Agent) => void;
  /** Proxies of the environment, which are passed by. */
  readonly proxies: () => readonly string[];
}

/** What stands before the `addRequest` of Node's agents. */
export function createHttpCalls({
  source,
  accepts,
  original,
  prepare,
  proxies,
}: HttpCallsParts): AddRequest {
  const send: Send = (call, calls, target) => {
    const agent =
      target.secure || call.isHttpsByProxy ? tlsAgent(call.agent) : directAgent(call.agent);
    if (agent !== call.agent || call.isProxied) undoProxyForm(call.request);
    call.sentBy = agent;
    prepare(agent);
    watchIdle(calls, agent);
    original(agent, call.request, optionsFor(call, target));
  };
  const start = (
    call: NamedCall,
    calls: CallRouter,
    { target, hasWaited }: { readonly target: CallTarget; readonly hasWaited: boolean },
  ): void => {
    addHeaders(call, calls);
    call.start(calls, target, hasWaited);
  };

  return (agent, request, options) => {
    if (!isObject(options)) return original(agent, request, options);
    const protocol = protocolOf(agent);
    const direct = serviceNameOf(agent, protocol, options, accepts);
    // In this order: nearly every request ends at the first look, which is at its path.
    const whole =
      direct === undefined && protocol === 'http:'
        ? proxiedUrl(options, accepts, proxies)
        : undefined;
    const proxied = whole === undefined || isMock(agent) ? undefined : whole;
    const name = direct ?? proxied?.hostname;
    if (name === undefined || !isHookedRequest(request) || request.destroyed) {
      return original(agent, request, options);
    }
    // It has its target: this is our own sending, to an agent which is hooked as well.
    if (watcherOf(request) !== undefined) return original(agent, request, options);
    const calls = source.current;
    const call = new NamedCall({
      name,
      request,
      agent,
      options,
      send,
      proxiedBy: proxied?.protocol,
    });
    const target = calls?.pickNow(name, call);
    if (target === null) return original(agent, request, options);
    call.watch();
    if (calls !== undefined && target !== undefined) {
      start(call, calls, { target, hasWaited: false });
      return undefined;
    }
    waitForTarget(source, call, (found) => {
      if (found !== undefined) {
        start(call, found.calls, { target: found.target, hasWaited: true });
        return;
      }
      call.leave();
      original(agent, request, options);
    });
    return undefined;
  };
}

/** The same for the preload hooks. */
export function callsOfHooks(
  hub: ProcessHub,
  source: RouterSource,
  original: AddRequest,
): AddRequest {
  coverCreateSocket(Agent.prototype);
  hintOnLookups(hub);
  return createHttpCalls({
    source,
    accepts: hookedHosts(hub),
    original,
    // All agents are.
    prepare: () => undefined,
    // A hub of an older copy of the package does not tell them.
    proxies: () => ('proxies' in hub ? hub.proxies : []),
  });
}

/** The host of a request if it may be a service. Options of an agent override those of its requests. */
function serviceNameOf(
  agent: Agent,
  protocol: unknown,
  options: RequestOptions,
  accepts: (host: string) => boolean,
): string | undefined {
  const { host, port } = options;
  // The default port is filled in by now; any other was written out. Asked first, as it tells most hosts that are none of ours.
  if (Number(port) !== (protocol === 'https:' ? 443 : 80)) return undefined;
  if (typeof host !== 'string' || !accepts(host)) return undefined;
  if (options['socketPath'] !== undefined && options['socketPath'] !== null) return undefined;
  const own: unknown = Reflect.get(agent, 'options');
  if (isObject(own) && (own['host'] ?? own['port'] ?? own['socketPath']) !== undefined) {
    return undefined;
  }
  return isMock(agent) ? undefined : host;
}

/** msw and nock answer below the request, in agents of their own, by the name that the caller wrote: they have the last word. */
function isMock(agent: Agent): boolean {
  const { name } = agent.constructor;
  return name === 'MockAgent' || name === 'MockHttpsAgent';
}

function optionsFor(
  { request, options, name, servername }: NamedCall,
  { ip, port }: CallTarget,
): RequestOptions {
  // Node's own copy of what the user gave is nobody else's: a third copy of it would cost more than all else here.
  const isOurs = Object.getPrototypeOf(options) === null;
  // What a spread makes has a shape of its own each time, which all that reads it pays for.
  const changed = (isOurs ? options : Object.assign({}, options)) as Record<PropertyKey, unknown>;
  changed['host'] = ip;
  changed['hostname'] = ip;
  changed['port'] = port;
  if (servername === undefined || servername === null) {
    // Node would take the name for TLS from the Host header, after looking for IP addresses in it, and without one from the address.
    const host = request.getHeader('host');
    if (host === undefined || host === name) changed['servername'] = name;
  }
  return changed;
}

/** What is handed on from the request that is being served. */
function addHeaders(call: NamedCall, calls: CallRouter): void {
  const { request } = call;
  for (const [name, value] of calls.headersToAdd(call)) {
    if (!request.headersSent) request.setHeader(name, value);
    else {
      // The router could not see such headers: what stands there stays.
      const line = `\r\n${name}: `.toLowerCase();
      rewriteHeader(request, (header) =>
        header.toLowerCase().includes(line)
          ? header
          : `${header.slice(0, -2)}${name}: ${value}\r\n\r\n`,
      );
    }
  }
}

/**
 * Waits for the list of instances, then goes on. The request lives meanwhile: it buffers its body, and ends at once when it is
 * destroyed. `go` gets undefined when the host is none of ours.
 */
function waitForTarget(
  source: RouterSource,
  call: NamedCall,
  go: (found: { readonly calls: CallRouter; readonly target: CallTarget } | undefined) => void,
): void {
  const { request } = call;
  const stop = new AbortController();
  const stopTimeout = timeoutWhileWaiting(request);
  const end = (): void => {
    stopTimeout();
    call.whenDestroyed = undefined;
  };
  call.whenDestroyed = () => {
    end();
    stop.abort();
    endRequest(request);
  };
  const find = async (): Promise<void> => {
    try {
      const calls = await source.load();
      const target = (await calls?.resolve(call.name, call, stop.signal)) ?? null;
      if (stop.signal.aborted) {
        if (target !== null) calls?.settle(target, { outcome: 'abandoned', tookMs: 0 });
        return;
      }
      end();
      go(calls === undefined || target === null ? undefined : { calls, target });
    } catch (error) {
      if (stop.signal.aborted) return;
      end();
      endRequest(request, error instanceof Error ? error : new Error(String(error)));
    }
  };
  void find();
}

/** The timeout that was given with the request counts from its beginning, as it does for a connection that is being made. */
function timeoutWhileWaiting(request: HookedRequest): () => void {
  const timeoutMs: unknown = Reflect.get(request, 'timeout');
  if (typeof timeoutMs !== 'number' || timeoutMs <= 0) return () => undefined;
  return after(timeoutMs, () => void request.emit('timeout'), false);
}

/** By plain access: every request of the process is asked. */
function protocolOf(agent: Agent & { readonly protocol?: unknown }): unknown {
  return agent.protocol;
}
