/**
 * Owns the close of Fastify apps that know nothing of us. `app.close()` answers 503 first and closes the server only then, which is too
 * late to leave: so that leaving goes in front, as with our plugin (fastify.ts says why there). Installed at
 * preload; Fastify itself, 4 and 5, says on a channel that an app was made. Nothing else of the app is touched.
 */
import { subscribe } from 'node:diagnostics_channel';

import type { ProcessHub } from '../process-hub.js';

const APP_MADE = 'fastify.initialization';
const installed = new WeakSet<ProcessHub>();

/** Idempotent. */
export function installFastifyHook(hub: ProcessHub): void {
  if (installed.has(hub)) return;
  installed.add(hub);
  subscribe(APP_MADE, (message) => {
    try {
      leaveFirst(hub, Reflect.get(Object(message), 'fastify'));
    } catch {
      // A Fastify that is not as we know it: its apps close as if we were not there.
    }
  });
}

function leaveFirst(hub: ProcessHub, app: unknown): void {
  const addHook: unknown = Reflect.get(Object(app), 'addHook');
  const onClose: unknown = Reflect.get(Object(app), 'onClose');
  if (typeof addHook !== 'function' || typeof onClose !== 'function') return;
  const leave = (): Promise<void> | undefined => {
    const server: unknown = Reflect.get(Object(app), 'server');
    if (typeof server !== 'object' || server === null) return undefined;
    const listening = hub.servers.get(server);
    return listening === undefined ? undefined : hub.runtime?.serverClosing(listening);
  };
  // What is added last is called first, and Fastify adds its own step just before this hook.
  const last = (done: () => void): void => {
    Reflect.apply(onClose, app, [leave]);
    done();
  };
  Reflect.apply(addHook, app, ['onReady', last]);
}
