/**
 * Owns which instances of a service are left out for a while because calls to them failed. Asked by `service-entry.ts` before each pick and told
 * of each attempt that ended. When all are out, all are called.
 */
import type { EndedAttempt } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import type { InstanceStat } from './balancer.js';
import type { ServiceMeter } from './service-meter.js';
import type { OutlierSettings } from './service-settings.js';

export interface OutlierParts {
  readonly settings: OutlierSettings;
  readonly clock: Clock;
  readonly meter: Pick<ServiceMeter, 'ejected' | 'returned'>;
  /** How many instances the list in use has. */
  readonly size: () => number;
}

export class Outlier {
  readonly #parts: OutlierParts;
  readonly #untilMs = new Map<string, number>();

  constructor(parts: OutlierParts) {
    this.#parts = parts;
  }

  /** False at no cost as long as nothing is out. */
  get isActive(): boolean {
    return this.#untilMs.size > 0;
  }

  isOut(stat: InstanceStat): boolean {
    return (this.#untilMs.get(stat.key) ?? 0) > this.#parts.clock.nowMs();
  }

  settled(stat: InstanceStat, ended: EndedAttempt): void {
    const { settings, clock, meter } = this.#parts;
    if (!settings.enabled) return;
    if (ended.outcome === 'unsent') {
      const untilMs = clock.nowMs() + 2000;
      this.#untilMs.set(stat.key, untilMs);
      meter.ejected(stat.key, 'no connection', untilMs);
    } else if (ended.outcome === 'answered' && this.#untilMs.delete(stat.key)) {
      meter.returned(stat.key, 'it answered');
    }
  }

  /** The addresses that are listed now; others are forgotten. */
  listed(keys: ReadonlySet<string>): void {
    for (const key of this.#untilMs.keys()) if (!keys.has(key)) this.#untilMs.delete(key);
  }
}
