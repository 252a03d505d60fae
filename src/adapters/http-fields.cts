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

/** `new Fields(request)` gives a request the field, once; the request is what comes back. */
export class Fields extends OfObject {
  #watcher: Watcher | undefined = undefined;

  static areOf(request: object): boolean {
    return #watcher in request;
  }

  static watcherOf(request: object): Watcher | undefined {
    return #watcher in request ? request.#watcher : undefined;
  }

  static setWatcher(request: object, watcher: Watcher | undefined): void {
    if (!(#watcher in request)) new Fields(request);
    if (#watcher in request) request.#watcher = watcher;
  }
}

let given: unknown;

/** The same with the field `agent`, which Node sets first of all. A tenth of the time of `defineProperty`, and each request of the process pays it. */
class FieldsWithAgent extends Fields {
  readonly agent = given;
}

export function giveFields(request: object, agent: unknown): void {
  if (!Fields.areOf(request)) {
    given = agent;
    new FieldsWithAgent(request);
    // Nothing of ours keeps an agent.
    given = undefined;
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
