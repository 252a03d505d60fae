/**
 * Owns how the options of discovery become the settings of one service: its own part, else what is set for all, else the default. Made by
 * `discovery.ts` once; what it makes for a service is made once, and frozen.
 */
import type { Logger } from '../logger.js';
import { DEFAULT_GROUP, groupedName, type Instance, type ServiceRef } from '../model.js';
import type { CreateBalancer } from './balancer.js';
import { balancerByName } from './balancers/by-name.js';
import { guardBalancer } from './balancers/guarded.js';
import { readHashKey, type HashKey } from './balancers/hash-key.js';
import { CALL_CHECKS, checkKeys, invalid, SERVICE_CHECKS } from './check-options.js';
import { DeclaredServices } from './declared-services.js';
import type { CallSettingsInput, PartOf, ServiceOptions } from './service-options.js';
import {
  DEFAULT_OUTLIER,
  DEFAULT_RETRY,
  type OutlierSettings,
  type RetrySettings,
  type ServiceSettings,
} from './service-settings.js';
import { toInstance } from './static-instances.js';

/** Kept at once: names that are no services are asked for as well. */
const MAX_MADE = 4096;
const EMPTY_PROTECTION_MS = 300_000;

// An object with the keys of the type, and of nothing else.
const CALL_KEYS = Object.keys(CALL_CHECKS) as readonly (keyof CallSettingsInput)[];

/** Settings of calls that may change while calls are made: for all services, and for single ones. */
export interface ReconfigureOptions extends CallSettingsInput {
  /** By name or pattern. */
  readonly services?: Readonly<Record<string, ServiceOptions>> | readonly string[] | undefined;
}

export interface MakeSettingsOptions extends ReconfigureOptions {
  readonly group?: string | undefined;
}

export class MakeSettings {
  readonly declared: DeclaredServices<ServiceOptions>;
  readonly #options: MakeSettingsOptions;
  readonly #logger: Logger;
  readonly #made = new Map<string, ServiceSettings>();
  /** Fences say their sentence once for each balancer, not for each service. */
  readonly #guarded = new Map<unknown, CreateBalancer>();

  /** `options` without `services` are checked by the caller. @throws ConfigError */
  constructor(options: MakeSettingsOptions, logger: Logger) {
    const declared = readServices(options.services);
    this.#options = options;
    this.#logger = logger;
    this.declared = new DeclaredServices(declared);
  }

  /** Where a service of this name is looked for. */
  groupOf(name: string): string {
    return this.declared.of(name)?.group ?? this.#options.group ?? DEFAULT_GROUP;
  }

  /** `group`: another one than that which is set for the name. */
  of(name: string, group = this.groupOf(name)): ServiceSettings {
    const service = Object.freeze({ name, group });
    const key = groupedName(service);
    const made = this.#made.get(key) ?? this.#make(service);
    if (this.#made.size >= MAX_MADE) this.#made.clear();
    this.#made.set(key, made);
    return made;
  }

  /** What decides the settings of a service: when it is the same elsewhere, so are they. */
  inputOf(name: string): unknown {
    const all = CALL_KEYS.map((key) => this.#options[key]);
    return [this.#options.group, all, this.declared.of(name)];
  }

  #make(service: ServiceRef): ServiceSettings {
    const all = this.#options;
    const own = this.declared.of(service.name) ?? {};
    const isProtected = own.emptyProtection ?? all.emptyProtection ?? true;
    const protectionMs = own.emptyProtectionMs ?? all.emptyProtectionMs ?? EMPTY_PROTECTION_MS;
    const nearFirst = own.sameClusterFirst ?? all.sameClusterFirst ?? true;
    const cluster = own.cluster ?? all.cluster;
    const hashKey = hashKeyOf(own.hashKey ?? all.hashKey);
    return Object.freeze({
      service,
      clusters: Object.freeze([...(own.clusters ?? [])]),
      createBalancer: this.#balancer(own.balancer ?? all.balancer, hashKey),
      hashKey,
      routes: Object.freeze([...(own.routes ?? all.routes ?? [])]),
      locality: Object.freeze({
        cluster: nearFirst ? cluster : undefined,
        zone: own.zone ?? all.zone,
      }),
      warmUpMs: own.warmUpMs ?? all.warmUpMs ?? 0,
      subsetSize: own.subsetSize ?? all.subsetSize ?? 0,
      retry: Object.freeze({
        ...DEFAULT_RETRY,
        ...given<RetrySettings>(all.retry),
        ...given<RetrySettings>(own.retry),
      }),
      outlier: Object.freeze({
        ...DEFAULT_OUTLIER,
        ...given<OutlierSettings>(all.outlier),
        ...given<OutlierSettings>(own.outlier),
      }),
      timeoutMs: own.timeoutMs ?? all.timeoutMs ?? 0,
      emptyProtectionMs: isProtected ? protectionMs : 0,
      instances: staticInstances(own),
    });
  }

  #balancer(
    balancer: CallSettingsInput['balancer'] = 'weighted-round-robin',
    hashKey: HashKey,
  ): CreateBalancer {
    if (typeof balancer === 'function') return this.#guard(balancer, balancer);
    const named = balancerByName(balancer, { hashKey });
    const isOwn = balancer === 'consistent-hash' && typeof hashKey === 'function';
    return isOwn ? this.#guard(hashKey, named) : named;
  }

  #guard(own: unknown, create: CreateBalancer): CreateBalancer {
    const guarded = this.#guarded.get(own) ?? guardBalancer(create, this.#logger);
    this.#guarded.set(own, guarded);
    return guarded;
  }
}

/** A text was checked. */
function hashKeyOf(given: CallSettingsInput['hashKey']): HashKey {
  const key = typeof given === 'string' ? readHashKey(given) : given;
  return key ?? { kind: 'path' };
}

type Services = Readonly<Record<string, ServiceOptions>>;

/** @throws ConfigError */
function readServices(given: MakeSettingsOptions['services']): Services {
  if (given === undefined) return {};
  const isNamed = isNames(given);
  if (typeof given !== 'object' || given === null || (isNamed && !given.every(isName))) {
    throw invalid('services', given, 'an object with services by name, or a list of names');
  }
  if (isNamed) return Object.fromEntries(given.map((name) => [name, {}]));
  for (const [name, own] of Object.entries(given)) {
    checkKeys(own, SERVICE_CHECKS, `services.${name}`);
  }
  return given;
}

function isNames(services: unknown): services is readonly string[] {
  return Array.isArray(services);
}

/** Types do not hold for callers from JavaScript. */
function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== '';
}

/** `undefined` means not given, so that it hides nothing. */
function given<T extends object>(part: PartOf<T> | undefined): Partial<T> {
  const entries = Object.entries(part ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>; // the same keys and values
}

function staticInstances({ address, instances }: ServiceOptions): readonly Instance[] | undefined {
  if (address !== undefined) return Object.freeze([toInstance(address)]);
  return instances === undefined ? undefined : Object.freeze(instances.map(toInstance));
}
