/**
 * Owns discovery as a whole: from the name of a service to an instance. Made by the runtime of a process for the client hooks, and by
 * users in code. It gets the naming API passed in and leaves it open; it touches nothing of the process.
 */
import { isDeepStrictEqual } from 'node:util';

import type { ServiceStats } from '../diagnostics.js';
import type { Ejection } from '../ejection.js';
import { ClosedError, DiscoveryError, NoInstanceError } from '../errors.js';
import { createLogger, guardLogger, type Logger } from '../logger.js';
import { DEFAULT_NAMESPACE, type ServiceInput } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import type { CallInfo, CallRouter, CallTarget } from '../process-hub.js';
import { systemClock, type Clock } from '../util/clock.js';
import { Target } from './callable-list.js';
import { CHOICE_CHECKS, choiceOfNow, type BalancingChoice } from './balancing-choice.js';
import { CALL_CHECKS, checkKeys, SERVICE_CHECKS, type Checks } from './check-options.js';
import { explainName, imaginedCall, type NameExplanation } from './explain.js';
import type { ListCacheOptions } from './local-lists.js';
import { MakeSettings, type ReconfigureOptions } from './make-settings.js';
import { createPropagation } from './propagation.js';
import { Resolver, type NameState, type ResolverOptions } from './resolver.js';
import { Meters } from './service-meter.js';
import type { CallSettingsInput, ServiceOptions } from './service-options.js';
import type { RouteRule } from './service-settings.js';
import { classifyHost } from './target.js';
import { leftToDns } from './left-to-dns.js';
import type { WatchListener } from './watched-list.js';

/** What is set here counts for every service, unless `services` sets it for one of them. */
export interface DiscoveryOptions extends CallSettingsInput {
  readonly naming: NamingApi;
  /** Of the services that are called, unless `services` says otherwise. Default `DEFAULT_GROUP`. */
  readonly group?: string | undefined;
  /** Of `naming`, for errors. Default `public`. */
  readonly namespace?: string | undefined;
  /**
   * Services by name, or by a pattern with `*` for any characters (`*.internal`), with what is set for them; or names and patterns alone. The exact
   * name decides, else the longest pattern. A host of a URL may have dots when it is declared here.
   */
  readonly services?: Readonly<Record<string, ServiceOptions>> | readonly string[] | undefined;
  /** The most that the first call of a service waits for its list. Default 3000. */
  readonly firstListTimeoutMs?: number;
  /** How long a name that no service has stays with DNS, and how old the list of names may get. Default 10000. */
  readonly nameTtlMs?: number;
  /** The subscription of a service ends after this long without a call, and comes back with the next one. 0: never. Default 600000. */
  readonly unusedAfterMs?: number;
  /** Where copies of the last lists are kept, for a start while Nacos cannot be reached. Default: nowhere. */
  readonly cache?: ListCacheOptions | undefined;
  /** A folder with an operator's lists, which go before those of the registry. See docs/failure-behaviour.md. */
  readonly failoverDir?: string | undefined;
  /** Names of values of the request that is being served which calls hand on, as headers and as W3C baggage. Default: none. */
  readonly propagate?: readonly string[];
  /** Default: warnings and errors on stderr. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** How a name is explained. */
export interface ExplainOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Of one pick. `balancer` and `key` in place of what is set for the service, and of what `runWithBalancing` says. */
export interface PickOptions extends BalancingChoice {
  /** Of the call that is meant, for routes and hash keys. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Path and query of the call that is meant. Default `/`. */
  readonly path?: string | undefined;
}

const anything = (): undefined => undefined;
/** Complete by its type. What code may give in TypeScript only is not looked at. */
const CHECKS: Checks<DiscoveryOptions> = {
  ...CALL_CHECKS,
  naming: anything,
  group: SERVICE_CHECKS.group,
  namespace: anything,
  services: anything,
  firstListTimeoutMs: anything,
  nameTtlMs: anything,
  unusedAfterMs: anything,
  cache: anything,
  failoverDir: anything,
  propagate: anything,
  logger: anything,
  clock: anything,
};

const CALLS_ONLY: Checks<ReconfigureOptions> = { ...CALL_CHECKS, services: anything };

/** Turns names of services into instances, balanced and kept fresh. */
export interface Discovery extends AsyncDisposable {
  /** For hosts of URLs: names without dots, and those that are declared in `services`. What is no service is null, never an error. */
  readonly calls: CallRouter;
  /** The same for explicit adapters: names may have dots. */
  readonly explicitCalls: CallRouter;
  /**
   * An instance of the service, after waiting for its list if need be. The name may have dots; exact case first, else without case.
   * @throws NoInstanceError, DiscoveryError AMBIGUOUS_SERVICE_NAME or DISCOVERY_TIMEOUT, ClosedError, ConfigError, the signal's reason.
   */
  resolve(
    service: string,
    options?: PickOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<CallTarget>;
  /**
   * An instance at once; undefined while the list is not here: `resolve` waits for it.
   * @throws NoInstanceError, DiscoveryError AMBIGUOUS_SERVICE_NAME, ClosedError, ConfigError
   */
  pick(service: string, options?: PickOptions): CallTarget | undefined;
  /**
   * Calls back with the callable instances of a service, at first and at each change, for who keeps connections of his own. The name as the registry
   * spells it; its group is that of calls unless it is given. Which list counts is the same as for calls, too. Returns the function which stops
   * that; never calls back before.
   * @throws ClosedError, ConfigError when no service may have this name
   */
  watch(service: ServiceInput, listener: WatchListener): () => void;
  /** Counters of every service that was called, or of those with this name. The same numbers as on docs/diagnostics.md. */
  stats(service?: string): readonly ServiceStats[];
  /**
   * What a name means now, and of each instance whether a call with these headers would go there, and why not. Asks the registry when it has
   * to, as a first call does. @throws ClosedError, the signal's reason
   */
  explain(service: string, options?: ExplainOptions): Promise<NameExplanation>;
  /**
   * How calls by name would reach the service that has this host's name, for errors of a call that was left to DNS; undefined when there is none, or
   * nobody says so within a second. Follows no service.
   */
  hintOn(host: string): Promise<string | undefined>;
  /**
   * Other routes for a service, by its name as the registry spells it: from the next call on, in place of all that were set before. None: calls go
   * anywhere. @throws ConfigError when one is no rule
   */
  setRoutes(service: string, rules: readonly RouteRule[]): void;
  /**
   * Other settings of calls, from the next call on, in place of all that were given before; what `setRoutes` has set stays above them. Services whose settings
   * differ keep their lists, and forget which instances failed. Lists of `watch` stay as they were. @throws ConfigError, and then nothing changes
   */
  reconfigure(options: ReconfigureOptions): void;
  /** Instances that calls of this service are kept off because they failed, by its name as the registry spells it. See docs/retries.md. */
  ejected(service: string): readonly Ejection[];
  /** Calls go to all instances of the service again, or of all services, as if none had failed. */
  resetEjections(service?: string): void;
  /** Ends all subscriptions; hosts are then left to DNS. The naming API stays open. Idempotent. */
  close(): Promise<void>;
}

/**
 * @throws ConfigError for a key that is not known or a value that is not allowed.
 * @example
 * const discovery = createDiscovery({ naming: client.naming });
 * const { ip, port } = await discovery.resolve('orders');
 */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { namespace = DEFAULT_NAMESPACE } = options;
  const meters = new Meters();
  const routes = new Map<string, readonly RouteRule[]>();
  const logger = guardLogger(options.logger ?? createLogger());
  checkKeys(options, CHECKS, '');
  let made = new MakeSettings(options, logger);
  const resolving: ResolverOptions = {
    meters,
    namespace,
    naming: options.naming,
    clock: options.clock ?? systemClock,
    logger,
    groupOf: (name) => made.groupOf(name),
    settingsOf(name) {
      const settings = made.of(name);
      const changed = routes.get(name);
      return changed === undefined ? settings : { ...settings, routes: changed };
    },
    firstListTimeoutMs: options.firstListTimeoutMs ?? 3000,
    nameTtlMs: options.nameTtlMs ?? 10_000,
    unusedAfterMs: options.unusedAfterMs ?? 600_000,
    cache: options.cache,
    failoverDir: options.failoverDir,
  };
  const resolver = new Resolver(resolving);
  const close = (): Promise<void> => resolver.close();
  const headersToAdd = createPropagation(options.propagate);
  const calls = (accepts: (name: string) => boolean): CallRouter =>
    createRouter(resolver, { accepts, headersToAdd });
  return {
    calls: calls((name) => {
      const kind = classifyHost(name);
      return kind === 'single' || (kind === 'dotted' && made.declared.of(name) !== undefined);
    }),
    explicitCalls: calls((name) => classifyHost(name) !== 'never'),
    async resolve(service, given = {}) {
      if (resolver.isClosed) throw closed();
      const { signal, ...pickOptions } = given;
      const meant = readMeant(pickOptions);
      const state = await resolver.find(service, signal);
      const target =
        state.kind === 'service' ? state.entry.peek(meant.call, meant.choice) : undefined;
      if (target !== undefined) return target;
      if (resolver.isClosed) throw closed();
      throw whyNone(service, { group: made.groupOf(service), namespace }, state);
    },
    pick(service, given) {
      if (resolver.isClosed) throw closed();
      const { call, choice } = readMeant(given);
      const state = resolver.known(service);
      if (state === undefined) return undefined;
      if (state.kind !== 'service')
        throw whyNone(service, { group: made.groupOf(service), namespace }, state);
      const target = state.entry.peek(call, choice);
      if (target === undefined && state.entry.hasList) throw state.entry.whyNone(call);
      return target;
    },
    async explain(service, { headers = {}, signal } = {}) {
      if (resolver.isClosed) throw closed();
      return explainName(await resolver.find(service, signal), imaginedCall(headers));
    },
    async hintOn(host) {
      if (resolver.isClosed || classifyHost(host) === 'never') return undefined;
      const names = await resolver.namesLike(host);
      const isDeclared = made.declared.of(host) !== undefined;
      return leftToDns(host, names, { group: made.groupOf(host), isDeclared });
    },
    watch(service, listener) {
      if (resolver.isClosed) throw closed();
      const { name, group } = typeof service === 'string' ? { name: service } : service;
      const settings = resolving.settingsOf(name);
      const place = { name, group: group ?? settings.service.group };
      return resolver.watch({ ...settings, service: place }, listener);
    },
    stats: (service) => meters.stats(service),
    setRoutes(service, rules) {
      checkKeys({ routes: rules }, { routes: CALL_CHECKS.routes }, '');
      routes.set(service, rules);
      resolver.entryOf(service)?.setRoutes(rules);
    },
    reconfigure(given) {
      checkKeys(given, CALLS_ONLY, '');
      const { group: own } = options;
      const next = new MakeSettings({ ...given, group: own }, logger);
      const before = made;
      made = next;
      resolver.renew((name) => !isDeepStrictEqual(before.inputOf(name), next.inputOf(name)));
      for (const [service, rules] of routes) resolver.entryOf(service)?.setRoutes(rules);
    },
    ejected: (service) => resolver.entryOf(service)?.ejected() ?? [],
    resetEjections: (service) => resolver.resetEjections(service),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface RouterParts {
  /** Names that may be services here, before the registry is asked. */
  readonly accepts: (name: string) => boolean;
  readonly headersToAdd: CallRouter['headersToAdd'];
}

function createRouter(resolver: Resolver, { accepts, headersToAdd }: RouterParts): CallRouter {
  const mayBeOurs = (name: string): boolean => !resolver.isClosed && accepts(name);
  return {
    pickNow(name, info) {
      const state = resolver.known(name);
      if (state === undefined) return mayBeOurs(name) ? undefined : null;
      if (state.kind === 'service')
        return state.entry.isLate ? null : state.entry.pick(info, choiceOfNow());
      return state.kind === 'unknown' ? null : undefined;
    },
    async resolve(name, info, signal) {
      if (!mayBeOurs(name)) return null;
      const state = await resolver.find(name, signal);
      if (state.kind === 'unknown') return null;
      if (state.kind === 'ambiguous') throw ambiguous(name, state.names);
      if (!state.entry.hasList) return null;
      const target = state.entry.pick(info, choiceOfNow());
      if (target !== undefined) return target;
      state.entry.meter.foundNone();
      throw state.entry.whyNone(info);
    },
    nextAttempt(failed) {
      const last = failed.tried.at(-1);
      return last === undefined ? undefined : resolver.entryOf(last.service)?.nextAttempt(failed);
    },
    settle(target, ended) {
      // One of another router was made by another copy of this file: it is not ours to count.
      if (target instanceof Target) target.owner.settle(target, ended);
    },
    timeoutMs(name) {
      const state = resolver.known(name);
      return state?.kind === 'service' ? state.entry.settings.timeoutMs : 0;
    },
    headersToAdd,
    onGone: (listener) => resolver.onGone(listener),
  };
}

const PICK_CHECKS: Checks<PickOptions> = {
  ...CHOICE_CHECKS,
  headers: (value) =>
    typeof value === 'object' && value !== null ? undefined : 'an object with texts',
  path: (value) => (typeof value === 'string' ? undefined : 'a text'),
};

interface Meant {
  readonly call: CallInfo | undefined;
  readonly choice: BalancingChoice | undefined;
}

/** The call that somebody picks for, and how it is balanced; undefined when nothing is said. @throws ConfigError */
function readMeant(given: PickOptions | undefined): Meant {
  const around = choiceOfNow();
  if (given === undefined && around === undefined) return NOTHING_MEANT;
  if (given !== undefined) checkKeys(given, PICK_CHECKS, '');
  const { balancer, key, headers = {}, path } = given ?? {};
  const isOwn = balancer !== undefined || key !== undefined;
  return { call: imaginedCall(headers, path), choice: isOwn ? { balancer, key } : around };
}

const NOTHING_MEANT: Meant = { call: undefined, choice: undefined };

interface Place extends Readonly<Record<string, string>> {
  readonly group: string;
  readonly namespace: string;
}

function whyNone(service: string, place: Place, state: NameState): DiscoveryError {
  if (state.kind === 'ambiguous') return ambiguous(service, state.names);
  if (state.kind === 'service' && state.entry.hasList) return state.entry.whyNone();
  if (state.kind === 'unknown' && !state.isGuess) {
    return new NoInstanceError(`there is no service ${service} in group ${place.group}`, {
      details: { service, ...place, total: 0, unhealthy: 0, disabled: 0, weightless: 0 },
    });
  }
  return new DiscoveryError(
    'DISCOVERY_TIMEOUT',
    `the instances of ${service} are not known: Nacos did not answer in time`,
    { details: { service, ...place } },
  );
}

function ambiguous(name: string, names: readonly string[]): DiscoveryError {
  return new DiscoveryError(
    'AMBIGUOUS_SERVICE_NAME',
    `${name} may mean ${names.join(' or ')}: they differ in case only, and a URL has no case; rename one of them`,
    { details: { name, candidates: names } },
  );
}

function closed(): ClosedError {
  return new ClosedError('discovery is closed');
}
