/**
 * Owns the changes of our own options while the process runs: it follows the config that `config.watch` names, reads each content as a layer of options, and has it carried
 * out. Made by the process runtime when the option is given. A content that is wrong, or that something refuses, changes nothing: the last good one
 * counts, and the log, the health and `nacos-serving status` say why.
 */
import type { ConfigApi, ConfigVersion } from '../config-api.js';
import type { Logger } from '../logger.js';
import type { LoadedOptions } from '../options/load.js';
import { ALL_ROWS } from '../options/schema.js';
import { parseImport } from '../settings/import-spec.js';
import { planOf, type SourcePlan } from '../settings/source-list.js';
import { announceSettings, type SettingsHealth } from '../settings-health.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred } from '../util/deferred.js';
import { Lane } from '../util/lane.js';

/** A content as a layer of options. */
export interface LiveLayer {
  readonly name: string;
  readonly text: string;
}

export interface LiveOptionsParts {
  /** The words of `config.watch`. */
  readonly watch: string;
  readonly group: string;
  readonly config: Pick<ConfigApi, 'listen'>;
  /** All options with this layer; undefined: without one. @throws ConfigError */
  readonly load: (layer: LiveLayer | undefined) => LoadedOptions;
  /** Carries out what differs, all of it or nothing. @throws NacosError */
  readonly apply: (loaded: LoadedOptions, layer: LiveLayer | undefined) => Promise<void>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The most that the first registration waits for the first content. */
const FIRST_CONTENT_MS = 3000;

/** The config that the words mean. @throws ConfigError INVALID_OPTION */
export function planOfWatch(watch: string, group: string): SourcePlan {
  return planOf(parseImport(watch, 'config.watch', true), group);
}

export class LiveOptions {
  readonly #parts: LiveOptionsParts;
  readonly #plan: SourcePlan;
  readonly #lane = new Lane(1);
  readonly #first = createDeferred<undefined>();
  readonly #stop: () => Promise<void>;
  readonly #retract: () => void;
  readonly #patience: Timer;
  #problem: string | undefined;
  #isSettled = false;
  #newest: ConfigVersion | undefined;
  #hasNews = false;

  /** Begins to follow at once. @throws ConfigError INVALID_OPTION */
  constructor(parts: LiveOptionsParts) {
    this.#parts = parts;
    this.#plan = planOfWatch(parts.watch, parts.group);
    this.#patience = parts.clock.after(FIRST_CONTENT_MS, () => this.#settle());
    const { id, group } = this.#plan;
    const subscription = parts.config.listen(id, group, (version) => this.#arrived(version));
    // That there is none is not told to listeners.
    subscription.ready({ timeoutMs: FIRST_CONTENT_MS }).then(
      (version) => {
        if (version === undefined) this.#settle();
      },
      () => this.#settle(),
    );
    this.#stop = () => subscription.close();
    this.#retract = announceSettings(() => this.health);
  }

  /** The first content has been carried out, or there is none, or it does not come. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Resolves when it is. */
  get settled(): Promise<undefined> {
    return this.#first.promise;
  }

  get health(): SettingsHealth {
    const problem = this.#problem;
    return { name: this.#plan.name, state: problem === undefined ? 'ok' : 'degraded', problem };
  }

  /** Follows nothing any more. Idempotent. */
  async close(): Promise<void> {
    this.#settle();
    this.#retract();
    this.#lane.clear();
    await this.#stop();
  }

  /** The newest content counts; those in between are left out. */
  #arrived(version: ConfigVersion | undefined): void {
    this.#newest = version;
    if (this.#hasNews) return;
    this.#hasNews = true;
    this.#lane.run(async () => {
      this.#hasNews = false;
      await this.#take(this.#newest);
      this.#settle();
    });
  }

  async #take(version: ConfigVersion | undefined): Promise<void> {
    const { load, apply, logger } = this.#parts;
    const { name, id } = this.#plan;
    const layer = version === undefined ? undefined : { name: id, text: version.content };
    try {
      const loaded = load(layer);
      await apply(loaded, layer);
      this.#problem = undefined;
      logger.info(`${name} counts now: ${givenBy(loaded, id) || 'it sets nothing'}`);
    } catch (error) {
      this.#problem = `${name} was refused: ${asError(error).message}`;
      logger.error(`${this.#problem}; the last good one counts`);
    }
  }

  #settle(): void {
    this.#patience.cancel();
    this.#isSettled = true;
    this.#first.resolve(undefined);
  }
}

/** The keys that come from this content. What flags, variables and code give goes before it. */
function givenBy({ origins }: LoadedOptions, id: string): string {
  return ALL_ROWS.filter(({ path }) => origins[path]?.includes(`${id}:`) === true)
    .map(({ path }) => path)
    .join(', ');
}
