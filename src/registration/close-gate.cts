/**
 * Owns the time between an app's `server.close()` and the real close: while the server is taken out of the registry it goes on
 * accepting and answering, and looks closed to the app. Installed by the listen trigger, which is asked for each server. What
 * the app calls meanwhile happens in its order at the end: name, length, result, callbacks and errors stay Node's.
 *
 * States of a server: open -close() of a registered one-> held -left, or somebody listens in its place-> closed for real.
 */
import { Server } from 'node:net';

export interface CloseGateOptions {
  /**
   * undefined: it closes at once. Else it closes when the promise settles, which has to keep the process alive: without us the
   * callback of `close` would be called before the process ends.
   */
  readonly leave: (server: Server) => Promise<unknown> | undefined;
  /** `close` has really been called. */
  readonly closed: (server: Server) => void;
}

export interface CloseGate {
  /** Stands before `close` of the class of this server, and of those it comes from. Idempotent. */
  watch(server: Server): void;
  /** Something is about to listen: what is held on the same server or port closes now, as it would have without us. */
  makeWay(server: Server, listenArgs: readonly unknown[]): void;
}

interface Held {
  readonly port: number | undefined;
  /** What the app has called since, in order. */
  readonly calls: (() => unknown)[];
}

/** In place of a result: the close is held. */
const LATER = Symbol('later');
/** Node's classes that have a `close` of their own, all called by one of these names. */
const CLASS_NAMES = new Set(['Server', 'Http2Server', 'Http2SecureServer']);
/** What would cut connections that are still used; asked for after `close`, it waits for the real one. */
const CUTTING = ['closeIdleConnections', 'closeAllConnections'] as const;

export function installCloseGate(options: CloseGateOptions): CloseGate {
  const guarded = new WeakSet<object>();
  const held = new Map<Server, Held>();
  /** Their real close runs now: the classes call each other's. */
  const passing = new WeakSet<Server>();

  const pass = (server: Server, close: () => unknown): unknown => {
    const outer = !passing.has(server);
    passing.add(server);
    try {
      return close();
    } finally {
      if (outer) {
        passing.delete(server);
        options.closed(server);
      }
    }
  };
  const release = (server: Server): void => {
    const found = held.get(server);
    if (found === undefined) return;
    held.delete(server);
    showAsItIs(server);
    for (const call of found.calls) call();
  };
  const hold = (server: Server, left: Promise<unknown>, close: () => unknown): void => {
    const calls = [() => pass(server, close)];
    held.set(server, { port: portOf(server), calls });
    showAsClosed(server, calls);
    const over = (): void => release(server);
    left.then(over, over);
  };
  const onClose = (server: Server, close: () => unknown): unknown => {
    const found = held.get(server);
    if (found !== undefined) {
      found.calls.push(() => pass(server, close));
    } else {
      const left = passing.has(server) || isExiting() ? undefined : ask(options.leave, server);
      if (left === undefined) return pass(server, close);
      hold(server, left, close);
    }
    return LATER;
  };
  const guardClass = (proto: object): void => {
    if (guarded.has(proto)) return;
    guarded.add(proto);
    const original: unknown = Reflect.get(proto, 'close');
    if (typeof original !== 'function') return;
    const value = new Proxy(original, {
      apply(target, server: unknown, args: unknown[]): unknown {
        const close = (): unknown => Reflect.apply(target, server, args);
        const result = server instanceof Server ? onClose(server, close) : close();
        if (result !== LATER) return result;
        // That of http2, where it has one of its own, gives nothing.
        return Object.hasOwn(proto, 'updateSettings') ? undefined : server;
      },
    });
    Reflect.set(proto, 'close', value);
  };

  guardClass(Server.prototype);
  return {
    watch(server) {
      for (
        let proto: unknown = Object.getPrototypeOf(server);
        proto instanceof Server;
        proto = Object.getPrototypeOf(proto)
      ) {
        const isOfNode = CLASS_NAMES.has(proto.constructor.name);
        if (isOfNode && Object.hasOwn(proto, 'close')) guardClass(proto);
      }
    },
    makeWay(server, listenArgs) {
      if (held.size === 0) return;
      const port = wantedPort(listenArgs);
      for (const [other, found] of held) {
        if (other === server || (port !== undefined && port === found.port)) release(other);
      }
    },
  };
}

function ask(leave: CloseGateOptions['leave'], server: Server): Promise<unknown> | undefined {
  try {
    return server.listening ? leave(server) : undefined;
  } catch {
    // A defect of ours must not become an error of the app's close.
    return undefined;
  }
}

/** What an app looks at to see whether it has closed its server. All of it stands on the server itself until `showAsItIs`. */
function showAsClosed(server: Server, calls: (() => unknown)[]): void {
  const shadow = (key: PropertyKey, value: unknown): void => {
    if (Object.hasOwn(server, key)) return;
    Object.defineProperty(server, key, { value, configurable: true, writable: true });
    shadows.add(key);
  };
  const shadows = new Set<PropertyKey>();
  shadowsOf.set(server, shadows);
  shadow('listening', false);
  shadow('address', () => null);
  // That of net does nothing once the server is closed; the others call `close` again, with an error.
  const dispose: unknown = Reflect.get(Server.prototype, Symbol.asyncDispose);
  if (dispose !== undefined && Reflect.get(server, Symbol.asyncDispose) === dispose) {
    shadow(Symbol.asyncDispose, () => Promise.resolve());
  }
  for (const method of CUTTING) {
    if (typeof Reflect.get(server, method) !== 'function') continue;
    shadow(method, () => {
      calls.push(() => {
        const original: unknown = Reflect.get(server, method);
        if (typeof original === 'function') Reflect.apply(original, server, []);
      });
    });
  }
}

const shadowsOf = new WeakMap<Server, ReadonlySet<PropertyKey>>();

function showAsItIs(server: Server): void {
  for (const key of shadowsOf.get(server) ?? []) Reflect.deleteProperty(server, key);
  shadowsOf.delete(server);
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

/** The port in the arguments of `listen`: undefined for a free one, a pipe or a handle. */
function wantedPort([first]: readonly unknown[]): number | undefined {
  const given: unknown =
    typeof first === 'object' && first !== null ? Reflect.get(first, 'port') : first;
  if (typeof given !== 'number' && typeof given !== 'string') return undefined;
  const port = Number(given);
  return port > 0 ? port : undefined;
}

/** After `process.exit` nothing that waits will ever happen. */
function isExiting(): boolean {
  return Reflect.get(process, '_exiting') === true;
}
