/**
 * Owns what we keep with each request of Node: its watcher, while it is a call by name. Used by `http-hook.cts`, which gives the field to every request
 * as it is made, and by `http-cover.cts`. The field is private, so nobody sees it; and all requests have it, so they stay of one shape, which whoever
 * touches requests is faster with. A map of watchers would cost ten times as much, and more for the garbage collector.
 */

/** Whoever is told what happens to a request. */
export interface Watcher {
  /** Before the caller sees an event; true when the caller must not see it. */
  swallows(event: unknown, value: unknown): boolean;
  /** The caller destroys the request, with this error. */
  destroyed(error: Error | undefined): void;
  /** Node has done what it does for that. */
  afterDestroy(): void;
}

/** As a base class: the fields of a class become those of the object that it is made of. */
const OfObject = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** What the field `agent` of the next request is. */
let given: unknown;

/**
 * `new Fields(request)` gives a request its fields; the request is what comes back. `agent` is among them, which Node sets first of all: to make it
 * so takes a tenth of the time of `defineProperty`, and each request of the process pays it.
 */
export class Fields extends OfObject {
  #watcher: Watcher | undefined = undefined;
  readonly agent = given;

  static watcherOf(request: object): Watcher | undefined {
    return #watcher in request ? request.#watcher : undefined;
  }

  static setWatcher(request: object, watcher: Watcher | undefined): void {
    // It was made before the hooks were, or there are none: its agent stays.
    if (!(#watcher in request)) give(request, Reflect.get(request, 'agent'));
    if (#watcher in request) request.#watcher = watcher;
  }

  static give(request: object, agent: unknown): void {
    if (!(#watcher in request)) {
      give(request, agent);
      return;
    }
    // Somebody has deleted the field.
    Object.defineProperty(request, 'agent', {
      value: agent,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

function give(request: object, agent: unknown): void {
  given = agent;
  new Fields(request);
  // Nothing of ours keeps an agent.
  given = undefined;
}
