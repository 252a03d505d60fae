/**
 * Owns calls by name through node:http and node:https. Loaded by `http-hook.cts` at the first request of the process. The Host header is
 * written already when a request comes here, with the logical name; changing host and port makes agents pool by instance.
 * A host that cannot be a service costs one regular expression.
 */
import type { Agent } from 'node:http';

import type { CallTarget, ProcessHub } from '../process-hub.js';
import { directAgent, tlsAgent, undoProxyForm } from './http-agents.cjs';
import { installHttpFailover } from './http-failover.cjs';
import {
  endRequest,
  infoOf,
  isHookedRequest,
  isObject,
  NAMED_CALL,
  onceDestroyed,
  type HookedRequest,
  type NamedCall,
  type RequestOptions,
} from './http-request.cjs';
import { isServiceHost } from './service-host.cjs';

/** `addRequest` of an agent, its arguments in a list. */
export type AddRequest = (agent: Agent, args: readonly unknown[]) => unknown;

/** What stands before the `addRequest` of Node's agents, which is `original`. */
export function createHttpCalls(hub: ProcessHub, original: AddRequest): AddRequest {
  const send = (request: HookedRequest, options: RequestOptions, call: NamedCall): void => {
    const target = call.tried.at(-1);
    if (target === undefined) return;
    const agent = target.secure ? tlsAgent(call.agent) : directAgent(call.agent);
    if (agent !== call.agent) undoProxyForm(request, options);
    original(agent, [request, optionsFor(request, options, call, target)]);
  };

  installHttpFailover(send);

  return (agent, args) => {
    const [request, options] = args;
    const name = serviceNameOf(agent, options);
    if (name === undefined || !isHookedRequest(request) || request.destroyed) {
      return original(agent, args);
    }
    const calls = hub.runtime?.calls;
    const info = infoOf(request);
    const target = calls?.pickNow(name, info);
    if (target === null) return original(agent, args);
    // A name is found in objects only.
    const given = options as RequestOptions;
    if (calls !== undefined && target !== undefined) {
      send(request, given, { name, info, calls, agent, tried: [target] });
      return undefined;
    }
    sendLater(hub, request, { name, info }, (found) => {
      if (found === undefined) original(agent, args);
      else send(request, given, { ...found, name, info, agent });
    });
    return undefined;
  };
}

/** The host of a request if it may be a service. Options of an agent override those of its requests. */
function serviceNameOf(agent: Agent, options: unknown): string | undefined {
  if (!isObject(options) || options[NAMED_CALL] !== undefined) return undefined;
  const { host } = options;
  if (typeof host !== 'string' || !isServiceHost(host)) return undefined;
  // The default port is filled in by now; any other was written out.
  if (Number(options['port']) !== (protocolOf(agent) === 'https:' ? 443 : 80)) return undefined;
  if (options['socketPath'] !== undefined && options['socketPath'] !== null) return undefined;
  const own: unknown = Reflect.get(agent, 'options');
  if (isObject(own) && (own['host'] ?? own['port'] ?? own['socketPath']) !== undefined) {
    return undefined;
  }
  return host;
}

function optionsFor(
  request: HookedRequest,
  options: RequestOptions,
  call: NamedCall,
  target: CallTarget,
): RequestOptions {
  // Node takes the name for TLS from the Host header; without one it would take the address.
  const servername = options['servername'] ?? (request.hasHeader('host') ? undefined : call.name);
  return {
    ...options,
    host: target.ip,
    hostname: target.ip,
    port: target.port,
    ...(servername === undefined ? {} : { servername }),
    [NAMED_CALL]: call,
  };
}

/**
 * Waits for the list of instances, then goes on. The request lives meanwhile: it buffers its body, and ends at once when it is
 * destroyed. `go` gets undefined when the host is none of ours.
 */
function sendLater(
  hub: ProcessHub,
  request: HookedRequest,
  { name, info }: Pick<NamedCall, 'name' | 'info'>,
  go: (found: Pick<NamedCall, 'calls' | 'tried'> | undefined) => void,
): void {
  const stop = new AbortController();
  const unwatch = onceDestroyed(request, () => {
    stop.abort();
    endRequest(request);
  });
  const find = async (): Promise<void> => {
    try {
      const calls = (await hub.load())?.calls;
      const target = (await calls?.resolve(name, info, stop.signal)) ?? null;
      if (stop.signal.aborted) return;
      unwatch();
      go(calls === undefined || target === null ? undefined : { calls, tried: [target] });
    } catch (error) {
      if (stop.signal.aborted) return;
      unwatch();
      endRequest(request, error instanceof Error ? error : new Error(String(error)));
    }
  };
  void find();
}

function protocolOf(agent: Agent): unknown {
  return Reflect.get(agent, 'protocol');
}
