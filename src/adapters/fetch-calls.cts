/**
 * Owns which calls of the global fetch may name a service. Loaded by `fetch-hook.cts` at the first call of fetch. It only makes sure that
 * the dispatchers behind fetch are intercepted before such a call; they decide (`undici-dispatcher.cts`). So undici is
 * loaded no earlier than without us, and the arguments of a call are looked at, never changed.
 */
import type { ProcessHub } from '../process-hub.js';
import { areUnchanged, changeDispatchers, loadUndici } from './global-hooks/dispatchers.cjs';
import { hintOnLookups } from './lookup-hint.cjs';
import { hookedHosts } from './service-host.cjs';
import { interceptDispatcher } from './undici-dispatcher.cjs';
import { hookSource } from './undici-links.cjs';

const COLON = 58;
/** Ports that a URL drops, as the default of one scheme or the other. */
const DEFAULT_PORTS = ['80', '443'];
/** `http:orders` is a URL as well. */
const NO_SLASHES = /^\s*https?:/i;

export function beforeFetch(hub: ProcessHub, input: unknown, init: unknown): void {
  hintOnLookups(hub);
  const isReady = areUnchanged();
  const hasOptions = typeof init === 'object' && init !== null;
  // Nothing is to be made sure of, whatever the call is: this costs less than to look at its URL.
  if (isReady && !hasOptions) return;
  if (!mayNameService(hub, input)) return;
  // Anybody may set another one at any time; loading a copy of undici is enough.
  if (!isReady && !interceptDispatchers(hub)) {
    loadUndici();
    interceptDispatchers(hub);
  }
  // A dispatcher for this call only. One that cannot be intercepted in place stays as it is.
  if (hasOptions) interceptDispatcher(hookSource(hub), Reflect.get(init, 'dispatcher'));
}

/** Makes the dispatchers that are there know services; loads none. False when there is none. */
function interceptDispatchers(hub: ProcessHub): boolean {
  const source = hookSource(hub);
  return changeDispatchers((dispatcher) => interceptDispatcher(source, dispatcher));
}

/** A look at the text without parsing. It may say true too often, since the dispatcher looks again. */
function mayNameService(hub: ProcessHub, input: unknown): boolean {
  if (typeof input === 'string') return hasServiceHost(hub, input);
  if (input instanceof URL) return hasServiceHost(hub, input.href);
  if (typeof input !== 'object' || input === null) return typeof input === 'function';
  // A Request, by its looks: asking for the class would load undici. Anything else becomes text by its own means.
  const url: unknown = Reflect.get(input, 'url');
  return typeof url !== 'string' || hasServiceHost(hub, url);
}

let accepts: ReturnType<typeof hookedHosts> | undefined;

function hasServiceHost(hub: ProcessHub, url: string): boolean {
  const slashes = url.indexOf('//');
  if (slashes < 0) return NO_SLASHES.test(url);
  const from = slashes + 2;
  let to = from;
  while (to < url.length && !isHostEnd(url.charCodeAt(to))) to += 1;
  if (url.charCodeAt(to) === COLON && !mayBeDefaultPort(url, to + 1)) return false;
  const host = url.slice(from, to);
  accepts ??= hookedHosts(hub);
  // An escape may stand for any character.
  return accepts(host) || host.includes('%');
}

function mayBeDefaultPort(url: string, from: number): boolean {
  const port = DEFAULT_PORTS.find((known) => url.startsWith(known, from)) ?? '';
  const to = from + port.length;
  return to >= url.length || (isHostEnd(url.charCodeAt(to)) && url.charCodeAt(to) !== COLON);
}

function isHostEnd(code: number): boolean {
  // One of: / ? # \ :
  return code === 47 || code === 63 || code === 35 || code === 92 || code === COLON;
}
