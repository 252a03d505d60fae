/**
 * Owns which instances are near: those of our own cluster, and among them those of our own zone (metadata `zone`). Called by
 * `callable-list.ts` once per view, and by `service-entry.ts` for each list. Near ones are preferred, never required: when
 * there are none, or none of them can be tried, the others are called.
 */
import type { Logger } from '../logger.js';
import { DEFAULT_CLUSTER, type Instance } from '../model.js';
import type { Target } from './call-target.js';
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

/** Says once when calls have to leave the own cluster or zone, and once when they are back. */
export class LocalityWatch {
  readonly #settings: LocalitySettings;
  readonly #say: (message: string) => void;
  #missing = '';
  /** How often calls had to leave since the start; for metrics. */
  fallbacks = 0;

  constructor(service: string, settings: LocalitySettings, logger: Logger) {
    this.#settings = settings;
    this.#say = (message) => logger.warn(`${service}: ${message}`);
  }

  /** Of each list that comes into use. */
  listed(targets: readonly Target[]): void {
    const missing = targets.length === 0 ? this.#missing : this.#whatIsMissing(targets);
    if (missing === this.#missing) return;
    const before = this.#missing;
    this.#missing = missing;
    if (missing === '') this.#say(`instances in ${before} can be called again`);
    else {
      this.fallbacks += 1;
      this.#say(`no instance in ${missing} can be called; calls go to the others`);
    }
  }

  #whatIsMissing(targets: readonly Target[]): string {
    const { cluster, zone } = this.#settings;
    const near = isPreference(cluster)
      ? targets.filter(({ instance }) => instance.cluster === cluster)
      : targets;
    if (near.length === 0) return `cluster ${cluster ?? ''}`;
    if (zone === undefined || near.some(({ instance }) => instance.metadata['zone'] === zone)) {
      return '';
    }
    return `zone ${zone}`;
  }
}
