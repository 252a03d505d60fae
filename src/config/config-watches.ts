/**
 * Owns the watches of config patterns as users see them: keys of configs instead of keys of the wire. Called by the config client. What a
 * watch is and how it lives on is the business of `remote/pattern-watches.ts`.
 */
import type {
  ConfigKey,
  ConfigPattern,
  ConfigPatternListener,
  ConfigPatternWatch,
} from '../config-api.js';
import type { Logger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import { PatternWatches, type PatternWatchesOptions } from '../remote/pattern-watches.js';
import type { Clock } from '../util/clock.js';
import { CONFIG_PATTERNS, type PatternKey } from '../wire/messages/fuzzy-watch.js';

export interface ConfigWatchesOptions {
  readonly session: PatternWatchesOptions['session'];
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

export class ConfigWatches {
  readonly #namespace: string;
  readonly #watches: PatternWatches;

  constructor(options: ConfigWatchesOptions) {
    this.#namespace = options.namespace;
    this.#watches = new PatternWatches({ ...options, messages: CONFIG_PATTERNS });
  }

  watch(
    { dataId, group }: Required<ConfigPattern>,
    listener: ConfigPatternListener | undefined,
  ): ConfigPatternWatch {
    const watch = this.#watches.watch(
      { namespace: this.#namespace, group, name: dataId },
      // What listeners return is a promise when they are async: its failure is logged like theirs.
      ({ key, type }) => listener?.({ type, key: configKeyOf(key) }),
    );
    return {
      get keys() {
        return Object.freeze(watch.keys.map(configKeyOf));
      },
      ready: async (bounds: WaitOptions = {}) =>
        Object.freeze((await watch.ready(bounds)).map(configKeyOf)),
      close: () => watch.close(),
      [Symbol.asyncDispose]: () => watch.close(),
    };
  }

  close(): void {
    this.#watches.close();
  }
}

function configKeyOf({ namespace, group, name }: PatternKey): ConfigKey {
  return Object.freeze({ namespace, group, dataId: name });
}
