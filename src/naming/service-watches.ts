/**
 * Owns the watches of service patterns as users see them: services instead of keys of the wire. Called by the naming client. What a
 * watch is and how it lives on is the business of `remote/pattern-watches.ts`.
 */
import type { Logger } from '../logger.js';
import type { ServiceRef } from '../model.js';
import type { ServicePatternListener, ServicePatternWatch, WaitOptions } from '../naming-api.js';
import { PatternWatches, type PatternWatchesOptions } from '../remote/pattern-watches.js';
import type { Clock } from '../util/clock.js';
import { NAMING_PATTERNS, type PatternKey } from '../wire/messages/fuzzy-watch.js';

export interface ServiceWatchesOptions {
  readonly session: PatternWatchesOptions['session'];
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

export class ServiceWatches {
  readonly #namespace: string;
  readonly #watches: PatternWatches;

  constructor(options: ServiceWatchesOptions) {
    this.#namespace = options.namespace;
    this.#watches = new PatternWatches({ ...options, messages: NAMING_PATTERNS });
  }

  watch(
    pattern: { readonly name: string; readonly group: string },
    listener: ServicePatternListener | undefined,
  ): ServicePatternWatch {
    const watch = this.#watches.watch(
      { namespace: this.#namespace, ...pattern },
      // What listeners return is a promise when they are async: its failure is logged like theirs.
      ({ key, type }) =>
        type === 'changed' ? undefined : listener?.({ type, service: serviceOf(key) }),
    );
    return {
      get services() {
        return Object.freeze(watch.keys.map(serviceOf));
      },
      ready: async (bounds: WaitOptions = {}) =>
        Object.freeze((await watch.ready(bounds)).map(serviceOf)),
      close: () => watch.close(),
      [Symbol.asyncDispose]: () => watch.close(),
    };
  }

  close(): void {
    this.#watches.close();
  }
}

function serviceOf({ group, name }: PatternKey): ServiceRef {
  return Object.freeze({ name, group });
}
