/**
 * Owns which instances of a service are left out for a while because calls to them failed. Asked by `service-entry.ts` before each pick and told
 * of each attempt that ended. It has no timers; when all are out, all are called. See docs/retries.md.
 *
 * States of an address: in -a connection failed-> avoided; in, avoided -too many failed-> ejected; avoided, ejected -time is up-> due;
 * due -picked-> probing (one call); probing -answered-> in; probing -failed-> out again, for longer. Gone from the list: forgotten.
 */
import type { Ejection } from '../ejection.js';
import type { EndedAttempt } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import type { InstanceStat } from './balancer.js';
import { LastCalls } from './last-calls.js';
import type { ServiceMeter } from './service-meter.js';
import type { OutlierSettings } from './service-settings.js';

export interface OutlierParts {
  readonly settings: OutlierSettings;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly meter: Pick<ServiceMeter, 'ejected' | 'returned'>;
  /** How many instances the list in use has. */
  readonly size: () => number;
}

interface Out {
  readonly kind: 'avoided' | 'ejected';
  readonly reason: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** undefined: no probe is under way. */
  probeAtMs: number | undefined;
}

/** What is known of an address whose calls have failed. Others have none. */
interface Track {
  readonly key: string;
  readonly lastCalls: LastCalls;
  /** Connections in a row that failed. */
  failedInARow: number;
  /** How many times `ejectionMs` the last ejection took. */
  level: number;
  /** When calls came back to it. */
  backAtMs: number;
}

const AVOIDED_MS = 2000;
/** A probe that says nothing for so long is not the only one any more. */
const PROBE_MS = 5000;
const MAX_LEVEL = 6;
const MIN_CALLS = 20;
const BAD_STATUSES: ReadonlySet<number | undefined> = new Set([502, 503, 504]);

export class Outlier {
  readonly #parts: OutlierParts;
  readonly #tracks = new Map<string, Track>();
  readonly #outs = new Map<string, Out>();

  constructor(parts: OutlierParts) {
    this.#parts = parts;
  }

  /** False at no cost as long as nothing is out. */
  get isActive(): boolean {
    return this.#outs.size > 0;
  }

  isOut({ key }: InstanceStat): boolean {
    const out = this.#outs.get(key);
    return out !== undefined && endOf(out) > this.#parts.clock.nowMs();
  }

  /** This instance was picked, and `settled` will be told of it: one whose time is up is probed by this call. */
  picked(stat: InstanceStat): void {
    const out = this.#outs.get(stat.key);
    if (out === undefined || this.isOut(stat)) return;
    out.probeAtMs = this.#parts.clock.nowMs();
  }

  settled({ key }: InstanceStat, ended: EndedAttempt): void {
    if (!this.#parts.settings.enabled) return;
    let track = this.#tracks.get(key);
    if (track === undefined) {
      if (!this.#isFailed(ended)) return;
      track = { key, lastCalls: new LastCalls(), failedInARow: 0, level: 0, backAtMs: 0 };
      this.#tracks.set(key, track);
    }
    const out = this.#outs.get(key);
    if (out === undefined) this.#settledIn(track, ended);
    else this.#settledOut(track, out, ended);
  }

  /** The addresses that are listed now; others are forgotten. */
  listed(keys: Pick<ReadonlySet<string>, 'has'>): void {
    for (const key of this.#tracks.keys())
      if (!keys.has(key)) this.#forget(key, 'no longer listed');
  }

  /** What is out now, in the order in which it went. */
  state(): readonly Ejection[] {
    return [...this.#outs].map(([key, out]) => ({
      key,
      state: out.probeAtMs === undefined ? out.kind : 'probing',
      untilMs: endOf(out),
      failures: this.#tracks.get(key)?.lastCalls.failures ?? 0,
      reason: out.reason,
    }));
  }

  /** Forgets what is known of one address, or of all: calls go there again at once. */
  reset(key?: string): void {
    for (const one of key === undefined ? [...this.#tracks.keys()] : [key]) {
      this.#forget(one, 'reset');
    }
  }

  #isFailed(ended: EndedAttempt): boolean {
    const { outcome, status } = ended;
    const { slowMs } = this.#parts.settings;
    if (outcome !== 'answered') return outcome !== 'abandoned';
    return BAD_STATUSES.has(status) || (slowMs > 0 && ended.tookMs > slowMs);
  }

  #settledIn(track: Track, ended: EndedAttempt): void {
    const { settings } = this.#parts;
    if (ended.outcome === 'abandoned') return;
    const isFailed = this.#isFailed(ended);
    track.lastCalls.add(isFailed);
    if (ended.outcome === 'unsent') {
      this.#noConnection(track);
      return;
    }
    if (ended.outcome === 'answered') track.failedInARow = 0;
    const { count, failures } = track.lastCalls;
    const isTooMuch = settings.errorRate > 0 && failures > settings.errorRate * count;
    if (isFailed && count >= MIN_CALLS && isTooMuch) {
      this.#eject(track, `${String(failures)} of ${String(count)} calls failed`);
    } else if (failures === 0 && track.failedInARow === 0 && track.level === 0) {
      this.#tracks.delete(track.key);
    }
  }

  #settledOut(track: Track, out: Out, ended: EndedAttempt): void {
    const startedMs = this.#parts.clock.nowMs() - ended.tookMs;
    const isProbe = out.probeAtMs !== undefined && startedMs >= out.probeAtMs;
    if (ended.outcome === 'abandoned') {
      // It says nothing, so another one is to be tried.
      if (isProbe) out.probeAtMs = undefined;
    } else if (out.kind === 'avoided' && ended.outcome === 'unsent') {
      track.lastCalls.add(true);
      this.#noConnection(track, isProbe);
    } else if (startedMs < out.sinceMs) {
      // Begun before it went out: what came of that is no news.
    } else if (ended.outcome === 'answered' && (out.kind === 'avoided' || !this.#isFailed(ended))) {
      this.#return(track, 'it answered');
    } else if (isProbe && out.kind === 'ejected') {
      this.#eject(track, 'it failed again');
    } else if (isProbe) {
      this.#avoid(track);
    }
  }

  /** `isNews`: whoever is avoided already is so for as long again. */
  #noConnection(track: Track, isNews = true): void {
    track.failedInARow += 1;
    const { consecutiveFailures } = this.#parts.settings;
    const reason = `${String(track.failedInARow)} connections in a row failed`;
    if (track.failedInARow >= consecutiveFailures && this.#eject(track, reason)) return;
    if (isNews) this.#avoid(track);
  }

  #avoid(track: Track): void {
    this.#leaveOut(track, 'avoided', { reason: 'no connection', forMs: AVOIDED_MS });
  }

  /** False when as many are out as may be. */
  #eject(track: Track, reason: string): boolean {
    const { settings, clock } = this.#parts;
    const isLonger = this.#outs.get(track.key)?.kind === 'ejected';
    if (!isLonger) {
      if (this.#ejectedCount >= this.#mostEjected) return false;
      // A level is lost with each such time of health.
      const healthyTimes = Math.floor((clock.nowMs() - track.backAtMs) / settings.ejectionMs);
      track.level = Math.max(0, track.level - healthyTimes);
    }
    track.level = Math.min(MAX_LEVEL, track.level + 1);
    this.#leaveOut(track, 'ejected', { reason, forMs: track.level * settings.ejectionMs });
    return true;
  }

  #leaveOut(
    { key }: Track,
    kind: Out['kind'],
    { reason, forMs }: { readonly reason: string; readonly forMs: number },
  ): void {
    const sinceMs = this.#parts.clock.nowMs();
    const untilMs = sinceMs + forMs;
    this.#outs.set(key, { kind, reason, sinceMs, untilMs, probeAtMs: undefined });
    this.#parts.meter.ejected(key, reason, untilMs);
  }

  #return(track: Track, reason: string): void {
    this.#outs.delete(track.key);
    track.lastCalls.clear();
    track.failedInARow = 0;
    track.backAtMs = this.#parts.clock.nowMs();
    if (track.level === 0) this.#tracks.delete(track.key);
    this.#parts.meter.returned(track.key, reason);
  }

  #forget(key: string, reason: string): void {
    this.#tracks.delete(key);
    if (this.#outs.delete(key)) this.#parts.meter.returned(key, reason);
  }

  get #ejectedCount(): number {
    let count = 0;
    for (const { kind } of this.#outs.values()) if (kind === 'ejected') count += 1;
    return count;
  }

  /** One of two or more may be out unless none may; one stays in any case. */
  get #mostEjected(): number {
    const { settings, size } = this.#parts;
    const all = size();
    const share = settings.maxShare > 0 ? Math.max(1, Math.floor(settings.maxShare * all)) : 0;
    return Math.min(share, all - 1);
  }
}

function endOf({ untilMs, probeAtMs }: Out): number {
  return probeAtMs === undefined ? untilMs : probeAtMs + PROBE_MS;
}
