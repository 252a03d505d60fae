/**
 * Owns which instances are near: those of our own cluster, and among them those of our own zone (metadata `zone`). Called by
 * `callable-list.ts` once per view, and by `service-entry.ts` for each list. Near ones are preferred, never required: when
 * there are none, or none of them can be tried, the others are called.
 */
import type { Logger } from '../logger.js';
import { DEFAULT_CLUSTER, groupedName, type Instance, type ServiceRef } from '../model.js';
import type { Target } from './call-target.js';
import type { ServiceMeter } from './service-meter.js';
import type { LocalitySettings } from './service-settings.js';

/** Nested lists, nearest first; the last one is the whole list. */
export function tiersOf(
  targets: readonly Target[],
  { cluster, zone }: LocalitySettings,
): readonly (readonly Target[])[] {
  const tiers = [targets];
  const narrow = (isNear: (instance: Instance) => boolean): void => {
    const from = tiers[0] ?? targets;
    const near = from.filter(({ instance }) => isNear(instance));
    if (near.length > 0 && near.length < from.length) tiers.unshift(near);
  };
  if (isPreference(cluster)) narrow((instance) => instance.cluster === cluster);
  if (zone !== undefined) narrow((instance) => instance.metadata['zone'] === zone);
  return tiers;
}

/**
 * Everybody who sets no cluster is in `DEFAULT`: that says nothing about where they are, so it is no reason to prefer one another.
 * Some clients write it in lower case.
 */
function isPreference(cluster: string | undefined): cluster is string {
  return cluster !== undefined && cluster !== '' && cluster.toUpperCase() !== DEFAULT_CLUSTER;
}

export interface LocalityWatchParts {
  readonly service: ServiceRef;
  readonly settings: LocalitySettings;
  readonly logger: Logger;
  readonly meter: Pick<ServiceMeter, 'localityFallback'>;
}

/** What has nothing to call. */
interface Missing {
  readonly kind: 'cluster' | 'zone';
  readonly name: string;
}

/** Tells once when calls have to leave the own cluster or zone, and once when they are back. */
export class LocalityWatch {
  readonly #parts: LocalityWatchParts;
  #missing: Missing | undefined;

  constructor(parts: LocalityWatchParts) {
    this.#parts = parts;
  }

  /** Of each list that comes into use. */
  listed(targets: readonly Target[]): void {
    const { meter } = this.#parts;
    const before = this.#missing;
    const missing = targets.length === 0 ? before : this.#whatIsMissing(targets);
    if (missing?.kind === before?.kind) return;
    this.#missing = missing;
    if (before !== undefined) meter.localityFallback({ active: false, ...before });
    if (missing !== undefined) {
      meter.localityFallback({ active: true, ...missing });
      this.#say(`no instance in ${wordsFor(missing)} can be called; calls go to the others`);
    } else if (before !== undefined) {
      this.#say(`instances in ${wordsFor(before)} can be called again`);
    }
  }

  #whatIsMissing(targets: readonly Target[]): Missing | undefined {
    const { cluster, zone } = this.#parts.settings;
    const near = isPreference(cluster)
      ? targets.filter(({ instance }) => instance.cluster === cluster)
      : targets;
    if (near.length === 0) return { kind: 'cluster', name: cluster ?? '' };
    if (zone === undefined || near.some(({ instance }) => instance.metadata['zone'] === zone)) {
      return undefined;
    }
    return { kind: 'zone', name: zone };
  }

  #say(message: string): void {
    const { service, logger } = this.#parts;
    logger.warn(`${groupedName(service)}: ${message}`);
  }
}

function wordsFor({ kind, name }: Missing): string {
  return `${kind} ${name}`;
}
