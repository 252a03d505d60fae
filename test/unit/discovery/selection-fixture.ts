/** Owns lists of instances for the tests of how one of them is chosen. */
import { CallableList, type ListParts, type Target } from '../../../src/discovery/callable-list.js';
import { createWeightedRoundRobin } from '../../../src/discovery/balancers/weighted-round-robin.js';
import { compileRoutes } from '../../../src/discovery/routing.js';
import {
  DEFAULT_OUTLIER,
  DEFAULT_RETRY,
  type RouteRule,
  type ServiceSettings,
} from '../../../src/discovery/service-settings.js';
import { silentLogger, type Logger } from '../../../src/logger.js';
import type { Instance } from '../../../src/model.js';
import type { CallInfo } from '../../../src/process-hub.js';

export function someSettings(given: Partial<ServiceSettings> = {}): ServiceSettings {
  return {
    service: { name: 'orders', group: 'DEFAULT_GROUP' },
    clusters: [],
    createBalancer: createWeightedRoundRobin,
    hashKey: { kind: 'path' },
    routes: [],
    locality: { cluster: undefined, zone: undefined },
    warmUpMs: 0,
    subsetSize: 0,
    retry: DEFAULT_RETRY,
    outlier: DEFAULT_OUTLIER,
    timeoutMs: 0,
    emptyProtectionMs: 0,
    instances: undefined,
    ...given,
  };
}

export interface ListOptions {
  readonly settings?: Partial<ServiceSettings>;
  readonly parts?: Partial<ListParts>;
  readonly logger?: Logger;
}

export function aList(instances: readonly Instance[], options: ListOptions = {}): CallableList {
  const settings = someSettings(options.settings);
  return new CallableList(
    {
      service: settings.service,
      instances,
      revision: 1,
      serverTimeMs: 0,
      protectThresholdReached: false,
    },
    {
      settings,
      owner: {
        service: { name: 'orders', group: 'DEFAULT_GROUP' },
        namespace: 'public',
        settle: () => undefined,
      },
      statOf: (key) => ({ key, active: 0, ewmaMs: 0, ewmaAtMs: 0 }),
      random: () => 0.5,
      nowMs: () => 0,
      clientId: 1,
      routes: compileRoutes(settings.routes, options.logger ?? silentLogger),
      ...options.parts,
    },
  );
}

/** The ports that this many picks get, sorted, each once. */
export function portsOf(list: CallableList, call?: CallInfo, picks = 64): readonly number[] {
  const ports = new Set<number>();
  for (let at = 0; at < picks; at += 1) {
    const port = list.pick(call)?.port;
    if (port !== undefined) ports.add(port);
  }
  return [...ports].toSorted((left, right) => left - right);
}

/** The same for attempts that may not go to these ports. */
export function portsExcept(
  list: CallableList,
  excluded: readonly number[],
  call?: CallInfo,
): readonly number[] {
  const ports = new Set<number>();
  const isExcluded = (target: Target): boolean => excluded.includes(target.port);
  for (let at = 0; at < 64; at += 1) {
    const port = list.pickExcept(isExcluded, call)?.port;
    if (port !== undefined) ports.add(port);
  }
  return [...ports].toSorted((left, right) => left - right);
}

export function aRule(given: Partial<RouteRule> = {}): RouteRule {
  return { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'any', ...given };
}
