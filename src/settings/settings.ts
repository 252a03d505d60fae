/**
 * Owns settings that follow their sources: reads all of them, makes one whole of them, and swaps it when a source changes and everything is right together. Made by
 * users in code, by the command line and by the runtime. It leaves the config client open and touches nothing of the process.
 *
 * A change is read, made whole with the others, checked, and swapped; or it is refused, and the last good settings stay.
 */
import { ClosedError, ConfigError, RequestTimeoutError, SettingsError } from '../errors.js';
import { createLogger, guardLogger, type Logger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import { announceSettings } from '../settings-health.js';
import { systemClock, type Clock } from '../util/clock.js';
import { asError, waitWithin } from '../util/deferred.js';
import { Lane } from '../util/lane.js';
import { checkSettingsOptions } from './check-options.js';
import type { SourceContent } from './effective.js';
import { parseKey, valueAt } from './key-path.js';
import { ChangeListeners } from './listeners.js';
import { History } from './history.js';
import type {
  ExplainedKey,
  Settings,
  SettingsListener,
  SettingsOptions,
  SettingsStatus,
  ValueAt,
} from './settings-options.js';
import {
  changedBetween,
  explainSnapshot,
  makeSnapshot,
  type MadeSnapshot,
  type Snapshot,
  type SnapshotOptions,
} from './snapshot.js';
import { planSources } from './source-list.js';
import { Source, type Reading, type Stored } from './source.js';
import { TrackedSource } from './tracked-source.js';
import { buildTree, TreeError, type SettingsTree } from './tree.js';

const TIMEOUT_MS = 10_000;
const GRACE_MS = 500;
const DEFAULTS = 'defaults';

/**
 * Reads all sources and resolves with what they give together; follows them until `close()`.
 *
 * @example
 * const settings = await createSettings({ config: client.config, imports: ['nacos:app.yaml'], schema });
 * settings.value.db.pool; settings.get('db.pool');
 *
 * @throws ConfigError for a wrong option; SettingsError SETTINGS_MISSING, SETTINGS_UNREACHABLE, SETTINGS_BROKEN or SETTINGS_INVALID;
 * RequestTimeoutError when a schema takes too long; the signal's reason
 */
export async function createSettings<T = SettingsTree>(
  options: SettingsOptions<T>,
): Promise<Settings<T>> {
  checkSettingsOptions(options);
  const settings = new LiveSettings(options);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const start = settings.start({ timeoutMs, signal: options.signal });
  try {
    return await waitWithin(start, {
      clock: options.clock ?? systemClock,
      // What is read has the same bound, and says better what it waited for.
      timeoutMs: timeoutMs + GRACE_MS,
      signal: options.signal,
      onTimeout: () => new RequestTimeoutError('the settings were not there in time'),
    });
  } catch (error) {
    await settings.close();
    throw error;
  }
}

class LiveSettings<T> implements Settings<T> {
  readonly #tracked: readonly TrackedSource[];
  readonly #defaults: readonly SourceContent[];
  readonly #how: SnapshotOptions<T>;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #listeners: ChangeListeners<T>;
  readonly #history = new History();
  /** One change after the other. */
  readonly #lane = new Lane(1);
  readonly #news = new Map<TrackedSource, Stored | undefined>();
  #snapshot: Snapshot<T> | undefined;
  #isClosed = false;
  #retract = (): void => undefined;

  constructor(options: SettingsOptions<T>) {
    this.#logger = guardLogger(options.logger ?? createLogger());
    this.#clock = options.clock ?? systemClock;
    this.#listeners = new ChangeListeners(this.#logger);
    const parts = {
      config: options.config,
      cwd: options.cwd,
      profiles: options.profiles ?? [],
      clock: this.#clock,
      logger: this.#logger,
    };
    this.#tracked = planSources(options).map((plan) => new TrackedSource(new Source(plan, parts)));
    this.#defaults = options.defaults === undefined ? [] : [defaultsOf(options.defaults)];
    this.#how = {
      env: options.env ?? {},
      placeholders: options.placeholders ?? true,
      schema: options.schema,
    };
  }

  async start(bounds: StartBounds): Promise<this> {
    const readings = await this.#readAll(bounds);
    failWhenNeeded(readings);
    for (const [tracked, reading] of readings) {
      tracked.take(reading);
      this.#sayState(tracked, reading);
    }
    const made = await this.#make((tracked) => tracked.wanted);
    if (!('snapshot' in made)) throw new SettingsError(made.code, made.problem);
    for (const tracked of this.#tracked) tracked.accept();
    this.#snapshot = made.snapshot;
    if (this.#isClosed) return this;
    this.#retract = announceSettings(() => this.#health());
    for (const tracked of this.#tracked) {
      tracked.source.follow((stored) => this.#arrived(tracked, stored));
    }
    return this;
  }

  get value(): T {
    return this.#current.value;
  }

  get<const K extends string>(key: K): ValueAt<T, K> {
    const path = parseKey(key);
    // The type says what stands there, as far as T does.
    return (path && valueAt(this.#current.value, path)) as ValueAt<T, K>;
  }

  onChange(listener: SettingsListener<T>, keys: string | readonly string[] = []): () => void {
    return this.#listeners.add(listener, typeof keys === 'string' ? [keys] : keys);
  }

  get status(): SettingsStatus {
    return Object.freeze({
      state: this.#isClosed ? 'closed' : this.#problem === undefined ? 'ok' : 'degraded',
      problem: this.#problem,
      sources: Object.freeze(this.#tracked.map((tracked) => tracked.status)),
      history: this.#history.entries,
    });
  }

  explain(): readonly ExplainedKey[] {
    return explainSnapshot(this.#current);
  }

  async reload(options: WaitOptions = {}): Promise<void> {
    if (this.#isClosed) throw new ClosedError('the settings are closed');
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const readings = await this.#readAll({ timeoutMs, signal: options.signal });
    const done = new Promise<void>((resolve, reject) => {
      this.#lane.run(async () => {
        try {
          for (const [tracked, reading] of readings) {
            // What counts is as good as it was before nobody answered.
            const isOutage = reading.state === 'unreachable' && tracked.good !== undefined;
            if (!isOutage) await this.#applyReading(tracked, reading);
          }
          failWhenNeeded(readings);
          const refused = this.#tracked.find(({ good, wanted }) => good !== wanted)?.problem;
          if (refused !== undefined) throw new SettingsError('SETTINGS_INVALID', refused);
          resolve();
        } catch (error) {
          reject(asError(error));
        }
      });
    });
    await waitWithin(done, {
      clock: this.#clock,
      timeoutMs,
      signal: options.signal,
      onTimeout: () => new RequestTimeoutError('the settings were not read again in time'),
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retract();
    this.#listeners.clear();
    this.#lane.clear();
    await Promise.all(this.#tracked.map(({ source }) => source.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #current(): Snapshot<T> {
    if (this.#snapshot === undefined) throw new ClosedError('the settings never started');
    return this.#snapshot;
  }

  get #problem(): string | undefined {
    const problems = this.#tracked.flatMap(({ problem }) => problem ?? []);
    return problems.length === 0 ? undefined : problems.join('; ');
  }

  #health() {
    const { state, problem } = this.status;
    return { name: this.#tracked.map(({ name }) => name).join(', '), state, problem };
  }

  async #readAll(bounds: StartBounds): Promise<readonly (readonly [TrackedSource, Reading])[]> {
    const { timeoutMs, signal } = bounds;
    const wait = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    return Promise.all(
      this.#tracked.map(async (tracked) => [tracked, await tracked.source.read(wait)] as const),
    );
  }

  /** A source has told a content. Those that come while another one is looked at are taken together: the newest counts. */
  #arrived(tracked: TrackedSource, stored: Stored | undefined): void {
    if (this.#isClosed) return;
    const isWaiting = this.#news.has(tracked);
    if (!isWaiting && !tracked.isNews(stored)) return;
    this.#news.set(tracked, stored);
    if (!isWaiting) this.#lane.run(() => this.#takeNews(tracked));
  }

  async #takeNews(tracked: TrackedSource): Promise<void> {
    const stored = this.#news.get(tracked);
    this.#news.delete(tracked);
    if (!tracked.isNews(stored)) return;
    await this.#applyReading(tracked, await tracked.source.understand(stored));
  }

  async #applyReading(tracked: TrackedSource, reading: Reading): Promise<void> {
    const mayChange = tracked.take(reading);
    if (!mayChange) {
      if (tracked.problem !== undefined) this.#refused(tracked);
      return;
    }
    const all = await this.#make((each) => each.wanted);
    if ('snapshot' in all) {
      for (const each of this.#tracked) each.accept();
      this.#swap(tracked, all.snapshot);
      return;
    }
    // Another source may be what is wrong: its last good content, and what is new here.
    const alone = await this.#make((each) => (each === tracked ? each.wanted : each.good));
    if ('snapshot' in alone) {
      tracked.accept();
      this.#swap(tracked, alone.snapshot);
      return;
    }
    tracked.refuse(`${tracked.name} was refused: ${alone.problem}`);
    this.#refused(tracked);
  }

  #make(
    contentOf: (tracked: TrackedSource) => SourceContent | undefined,
  ): Promise<MadeSnapshot<T>> {
    const contents = this.#tracked.flatMap((tracked) => contentOf(tracked) ?? []);
    return makeSnapshot([...this.#defaults, ...contents], this.#how);
  }

  #swap(tracked: TrackedSource, snapshot: Snapshot<T>): void {
    if (this.#isClosed) return;
    const before = this.#current;
    const keys = Object.freeze(changedBetween(before, snapshot));
    this.#record(tracked, keys.length === 0 ? 'unchanged' : 'applied', keys.length);
    // The value is kept when nothing changed, so that who compares it sees that.
    if (keys.length === 0) return;
    this.#snapshot = snapshot;
    this.#logger.info(`settings: ${tracked.name} changed ${keys.join(', ')}`);
    this.#listeners.tell(Object.freeze({ keys, value: snapshot.value, previous: before.value }));
  }

  #refused(tracked: TrackedSource): void {
    if (this.#isClosed) return;
    this.#record(tracked, 'refused', 0);
    this.#logger.error(`settings: ${tracked.problem ?? ''}; the last good settings stay`);
  }

  #record(tracked: TrackedSource, outcome: 'applied' | 'unchanged' | 'refused', changed: number) {
    this.#history.add({ atMs: this.#clock.wallMs(), source: tracked.name, outcome, changed });
  }

  #sayState(tracked: TrackedSource, reading: Reading): void {
    if (reading.state === 'loaded') {
      const { from } = reading.stored;
      if (from === undefined || from === 'server') return;
      const why = from === 'failover' ? 'an operator’s file' : 'the copy on disk';
      this.#logger.warn(`settings: ${tracked.name} is from ${why}, not from Nacos`);
    } else if (tracked.problem !== undefined) {
      this.#logger.warn(`settings: ${tracked.problem}; it is optional, so the rest goes on`);
    } else {
      this.#logger.info(`settings: ${reading.problem}, which is allowed`);
    }
  }
}

interface StartBounds {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const CODES = {
  missing: 'SETTINGS_MISSING',
  unreachable: 'SETTINGS_UNREACHABLE',
  broken: 'SETTINGS_BROKEN',
} as const;

/** @throws SettingsError that names all sources which have to be there and cannot be used */
function failWhenNeeded(readings: readonly (readonly [TrackedSource, Reading])[]): void {
  const failed = readings.flatMap(([{ source }, reading]) => {
    const { optional, mayBeMissing } = source.plan;
    if (reading.state === 'loaded' || optional) return [];
    return reading.state === 'missing' && mayBeMissing ? [] : [reading];
  });
  const [first] = failed;
  if (first === undefined) return;
  const problems = failed.map(({ problem }) => problem).join('; ');
  const hint = first.state === 'missing' ? '; publish it, or write optional: in front' : '';
  throw new SettingsError(CODES[first.state], `${problems}${hint}`, { cause: first.cause });
}

/** @throws ConfigError */
function defaultsOf(defaults: Readonly<Record<string, unknown>>): SourceContent {
  try {
    const { tree } = buildTree(defaults);
    return { name: DEFAULTS, tree, isTextOnly: false, isLiteral: false };
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    throw new ConfigError('INVALID_OPTION', `defaults (code): ${error.message}`, { cause: error });
  }
}
