/**
 * Owns what each name means: a service with its entry, several services, or nothing of ours. Called by `discovery.ts` for every
 * call. The first call with a name asks the registry and waits, bounded; all later ones read a map. What is unknown is
 * remembered for a while, so that names of DNS cost one question. Never throws because Nacos is away.
 *
 * Length: the states of a name and every way between them.
 */
import type { ResolveMessage } from '../diagnostics.js';
import { ConfigError, DiscoveryError, isNacosError } from '../errors.js';
import type { ConnectionState } from '../naming-api.js';
import type { Timer } from '../util/clock.js';
import { asError, runInBackground, waitWithin } from '../util/deferred.js';
import { Entries, type EntriesOptions } from './entries.js';
import type { GoneListener } from './gone-addresses.js';
import { foldName } from './name-spelling.js';
import type { ServiceEntry } from './service-entry.js';
import { ServiceIndex, type NameMatch } from './service-index.js';
import { publishResolve } from './service-meter.js';
import type { ServiceSettings } from './service-settings.js';
import type { WatchListener } from './watched-list.js';

export interface ResolverOptions extends EntriesOptions {
  /** Where a service of this name is looked for. */
  readonly groupOf: (name: string) => string;
  /** How old the list of services may get, and how long an unknown name stays unknown. */
  readonly nameTtlMs: number;
}

export type NameState =
  | { readonly kind: 'service'; readonly entry: ServiceEntry; readonly isExact: boolean }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[]; readonly untilMs: number }
  /** isGuess: nobody answered, so a new connection may tell more. */
  | { readonly kind: 'unknown'; readonly untilMs: number; readonly isGuess: boolean };

/** Names kept at once, known and unknown; the oldest go first. A real registry's callers use far fewer. */
const MAX_NAMES = 4096;
/** The most that a call waits for news of a name which was no service a while ago: it is most likely still a host of DNS. */
const RECHECK_TIMEOUT_MS = 200;
/** Answers that say "not for you" or "not now" rather than nothing: then a name is tried by subscribing to it. */
const REFUSALS: ReadonlySet<string> = new Set([
  'FORBIDDEN',
  'SERVER_REJECTED',
  'SERVER_FAILED',
  'SERVER_UNSUPPORTED',
  'UNEXPECTED_RESPONSE',
]);

export class Resolver {
  readonly #options: ResolverOptions;
  /** By group: a service may be declared with one of its own. */
  readonly #indexes = new Map<string, ServiceIndex>();
  readonly #names = new Map<string, NameState>();
  readonly #entries: Entries;
  /** Subscribed to find out whether there is such a service. */
  readonly #probes = new Set<ServiceEntry>();
  readonly #lookups = new Map<string, Promise<void>>();
  readonly #stopListening: () => void;
  /** No connection since the last failure: nobody waits for one. */
  #isAway: boolean;
  #outage = new AbortController();
  /** A timer sets it, so that a call by such a name reads no clock. */
  #isRecheckDue = false;
  #recheckTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: ResolverOptions) {
    const { naming } = options;
    this.#options = options;
    this.#entries = new Entries(options, (name) => this.#forget(name));
    this.#isAway = isDown(naming.connectionState);
    this.#stopListening = naming.onConnectionState((state) => this.#onState(state));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What is known of a name now; undefined when the registry has to be asked (again). */
  known(name: string): NameState | undefined {
    const state = this.#names.get(name);
    if (state === undefined) return undefined;
    if (state.kind === 'service') {
      if (this.#isRecheckDue && !state.isExact && !this.#isAway) this.#recheckAliases();
      return state;
    }
    // An expired one stays until it is replaced: that it was unknown bounds the next question.
    return state.untilMs > this.#options.clock.nowMs() ? state : undefined;
  }

  /** Services that the name may mean, asked for as a call does, but within a second and without following any. Never rejects. */
  namesLike(name: string): Promise<readonly string[]> {
    const signal = this.#isAway ? AbortSignal.abort() : this.#outage.signal;
    return this.#indexOf(name).namesLike(name, signal);
  }

  /** The entry of a service by its registered name, if it was ever called. */
  entryOf(service: string): ServiceEntry | undefined {
    return this.#entries.get(service);
  }

  /** See `Discovery.watch`. @throws ConfigError when no service may have this name */
  watch(settings: ServiceSettings, listener: WatchListener): () => void {
    return this.#entries.watch({ settings, listener, isAway: () => this.#isAway });
  }

  /** Calls go to every instance again; of one service by its registered name, or of all. */
  resetEjections(service?: string): void {
    for (const entry of this.#entries.all()) {
      if (service === undefined || entry.service.name === service) entry.resetEjections();
    }
  }

  /** Other settings count from now on for these services; what a name means may be another thing now. */
  renew(isChanged: (name: string) => boolean): void {
    if (this.#isClosed) return;
    const renewed = this.#entries.renew(isChanged);
    for (const [name, state] of [...this.#names]) {
      const entry = state.kind === 'service' ? renewed.get(state.entry) : undefined;
      if (state.kind === 'service' && entry === undefined) continue;
      const isSame = state.kind === 'service' && entry?.service.group === state.entry.service.group;
      if (isSame) this.#names.set(name, { ...state, entry });
      else this.#names.delete(name);
    }
  }

  /** Like `known`, after asking. A service in the answer has its first list, or is late. @throws the signal's reason. */
  async find(name: string, signal?: AbortSignal): Promise<NameState> {
    const state = this.known(name);
    if (state !== undefined && !isWaiting(state)) return state;
    if (!this.#isClosed) await this.#joinLookup(name, signal);
    return this.known(name) ?? { kind: 'unknown', untilMs: 0, isGuess: true };
  }

  /** See `CallRouter.onGone`. */
  onGone(listener: GoneListener): () => void {
    return this.#entries.onGone(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#recheckTimer?.cancel();
    this.#outage.abort();
    const probes = [...this.#probes];
    this.#names.clear();
    this.#probes.clear();
    await Promise.all([this.#entries.close(), ...probes.map((entry) => entry.close())]);
  }

  #joinLookup(name: string, signal: AbortSignal | undefined): Promise<void> {
    let lookup = this.#lookups.get(name);
    if (lookup === undefined) {
      const beganMs = this.#options.clock.nowMs();
      lookup = this.#lookup(name).finally(() => {
        this.#lookups.delete(name);
        this.#report(name, beganMs);
      });
      this.#lookups.set(name, lookup);
    }
    if (signal === undefined) return lookup;
    const { clock, firstListTimeoutMs } = this.#options;
    // The lookup began earlier and has the same bound, so only the signal ends this wait before it.
    return waitWithin(lookup, {
      clock,
      timeoutMs: firstListTimeoutMs,
      signal,
      onTimeout: () => timeout(name),
    });
  }

  #report(name: string, beganMs: number): void {
    const state = this.#names.get(name);
    if (state === undefined) return;
    const tookMs = this.#options.clock.nowMs() - beganMs;
    const entry = state.kind === 'service' ? state.entry : undefined;
    entry?.meter.resolved(tookMs);
    publishResolve({
      name,
      service: entry?.service.name,
      group: entry?.service.group ?? this.#options.groupOf(name),
      tookMs,
      outcome: outcomeOf(state),
    });
  }

  /** Asks the registry, and leaves a state for the name in any case. Never rejects. */
  async #lookup(name: string): Promise<void> {
    const { clock, firstListTimeoutMs, logger } = this.#options;
    const before = this.#names.get(name);
    const wasUnknown = before?.kind === 'unknown';
    if (this.#entries.mayHaveFiles && (await this.#fromFile(name))) return;
    if (this.#fromOptions(name)) return;
    if (this.#isAway && (await this.#fromMemory(name))) return;
    try {
      if (this.#isAway) throw timeout(name);
      await waitWithin(this.#settle(name), {
        clock,
        timeoutMs: wasUnknown
          ? Math.min(RECHECK_TIMEOUT_MS, firstListTimeoutMs)
          : firstListTimeoutMs,
        signal: this.#outage.signal,
        onTimeout: () => timeout(name),
      });
    } catch (error) {
      if (this.#isClosed) return;
      if (this.#options.naming.connectionState !== 'ready') this.#isAway = true;
      // A name that was none is rather one of DNS, whatever there once was.
      const isNone = error instanceof ConfigError || (wasUnknown && !before.isGuess);
      if ((!isNone && (await this.#fromDisk(name))) || this.#isClosed) return;
      // Nacos is away or too slow. The call goes on with DNS; what was begun goes on, and later calls get it.
      logger.debug(`${name} is left to DNS: ${asError(error).message}`);
      const state = this.#names.get(name);
      if (state?.kind === 'service') state.entry.markLate();
      else this.#rememberUnknown(name, !(error instanceof ConfigError));
    }
  }

  async #settle(name: string): Promise<void> {
    const match = await this.#match(name);
    if (this.#isClosed) return;
    if (match === 'refused') {
      await this.#probe(name);
    } else if (match.kind === 'found') {
      const entry = this.#entries.follow(match.name);
      this.#remember(name, { kind: 'service', entry, isExact: match.isExact });
      await entry.firstList();
    } else if (match.kind === 'ambiguous') {
      const { names } = match;
      this.#remember(name, { kind: 'ambiguous', names, untilMs: this.#indexOf(name).staleAtMs });
    } else {
      this.#remember(name, {
        kind: 'unknown',
        untilMs: this.#indexOf(name).staleAtMs,
        isGuess: false,
      });
    }
  }

  async #match(name: string): Promise<NameMatch | 'refused'> {
    const index = this.#indexOf(name);
    try {
      await index.load();
    } catch (error) {
      const match = index.match(name);
      if (match.kind !== 'none') return match;
      if (isNacosError(error) && REFUSALS.has(error.code)) return 'refused';
      throw asError(error);
    }
    return index.match(name);
  }

  #indexOf(name: string): ServiceIndex {
    const { naming, clock, groupOf, nameTtlMs } = this.#options;
    const group = groupOf(name);
    let index = this.#indexes.get(group);
    if (index === undefined) {
      index = new ServiceIndex({ naming, clock, group, maxAgeMs: nameTtlMs });
      this.#indexes.set(group, index);
    }
    return index;
  }

  /** True when the user gives the instances: the registry is not asked. */
  #fromOptions(name: string): boolean {
    if (this.#options.settingsOf(name).instances === undefined) return false;
    const entry = this.#entries.follow(name);
    this.#remember(name, { kind: 'service', entry, isExact: true });
    return true;
  }

  /** Nobody tells us which services there are: one that lists an instance under exactly this name is there. */
  async #probe(name: string): Promise<void> {
    const known = this.#entries.get(name);
    const probe = known ?? this.#entries.make(name);
    this.#probes.add(probe);
    try {
      probe.start();
      await probe.firstList();
      if (probe.total === 0 && known === undefined) {
        this.#rememberUnknown(name, false);
        await probe.close();
        return;
      }
      const entry = this.#entries.keep(probe);
      this.#remember(name, { kind: 'service', entry, isExact: true });
      if (entry !== probe) await probe.close();
    } finally {
      this.#probes.delete(probe);
    }
  }

  /** True when an operator's file tells what the name means. */
  async #fromFile(name: string): Promise<boolean> {
    const spelled = await this.#entries.nameOfFile(name);
    if (spelled === undefined || this.#isClosed) return false;
    try {
      const entry = this.#entries.follow(spelled);
      this.#remember(name, { kind: 'service', entry, isExact: spelled === name });
      return entry.hasList;
    } catch (error) {
      // Nacos has no such names, so that the file is of no use.
      this.#options.logger.debug(`failover file of ${name}: ${asError(error).message}`);
      return false;
    }
  }

  /** True when the name could be told without the server. */
  async #fromMemory(name: string): Promise<boolean> {
    const match = this.#indexOf(name).match(name);
    const found = match.kind === 'found' ? match : { name, isExact: true };
    const entry = this.#entries.get(found.name);
    if (entry === undefined) return false;
    entry.start();
    if (!(await this.#entries.useOldList(entry))) entry.markLate();
    this.#remember(name, { kind: 'service', entry, isExact: found.isExact });
    return true;
  }

  /** True when calls can use what was listed in former times. */
  async #fromDisk(name: string): Promise<boolean> {
    const state = this.#names.get(name);
    if (state?.kind === 'service') return this.#entries.useOldList(state.entry);
    const entry = await this.#entries.followStored(name);
    if (entry === undefined) return false;
    this.#remember(name, { kind: 'service', entry, isExact: entry.service.name === name });
    return entry.hasList;
  }

  /** What this name means, in any spelling, has to be found out anew. */
  #forget(name: string): void {
    const folded = foldName(name);
    for (const known of [...this.#names.keys()]) {
      if (foldName(known) === folded) this.#names.delete(known);
    }
  }

  #remember(name: string, state: NameState): void {
    if (this.#isClosed) return;
    this.#names.delete(name);
    if (this.#names.size >= MAX_NAMES) {
      const oldest = this.#names.keys().next();
      if (oldest.done !== true) this.#names.delete(oldest.value);
    }
    this.#names.set(name, state);
    if (state.kind === 'service' && !state.isExact && !this.#isRecheckDue) {
      this.#recheckTimer ??= this.#options.clock.after(this.#options.nameTtlMs, () => {
        this.#isRecheckDue = true;
      });
    }
  }

  #rememberUnknown(name: string, isGuess: boolean): void {
    const { clock, nameTtlMs } = this.#options;
    this.#remember(name, { kind: 'unknown', untilMs: clock.nowMs() + nameTtlMs, isGuess });
  }

  /** A service found without case may get a namesake: then the next call asks again. Calls do not wait for this. */
  #recheckAliases(): void {
    this.#isRecheckDue = false;
    this.#recheckTimer = undefined;
    runInBackground(
      Promise.all([...this.#indexes.values()].map((index) => index.load())).then(
        () => this.#refreshAliases(),
        (error: unknown) => {
          this.#options.logger.debug(`list of services: ${asError(error).message}`);
          this.#refreshAliases();
        },
      ),
    );
  }

  #refreshAliases(): void {
    for (const [name, state] of [...this.#names]) {
      if (state.kind !== 'service' || state.isExact) continue;
      const match = this.#indexOf(name).match(name);
      const isSame = match.kind === 'found' && match.name === state.entry.service.name;
      // One that is gone from the list keeps its subscription, which knows better.
      if (isSame || match.kind === 'none') this.#remember(name, state);
      else this.#names.delete(name);
    }
  }

  #onState(state: ConnectionState): void {
    if (isDown(state)) {
      this.#isAway = true;
      this.#outage.abort(new DiscoveryError('DISCOVERY_TIMEOUT', 'Nacos cannot be reached'));
      this.#outage = new AbortController();
      this.#entries.away();
    } else if (state === 'ready') {
      this.#isAway = false;
      for (const index of this.#indexes.values()) index.retry();
      for (const [name, known] of this.#names) {
        if (known.kind === 'unknown' && known.isGuess) this.#names.delete(name);
      }
    }
  }
}

function isWaiting(state: NameState): boolean {
  return state.kind === 'service' && !state.entry.hasList && !state.entry.isLate;
}

function outcomeOf(state: NameState): ResolveMessage['outcome'] {
  if (state.kind === 'service') return state.entry.hasList ? 'found' : 'late';
  if (state.kind === 'unknown' && state.isGuess) return 'late';
  return state.kind;
}

function isDown(state: ConnectionState): boolean {
  return state === 'backoff' || state === 'closed';
}

function timeout(name: string): DiscoveryError {
  return new DiscoveryError(
    'DISCOVERY_TIMEOUT',
    `Nacos did not tell in time whether ${name} is a service`,
  );
}
