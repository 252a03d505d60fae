/**
 * Owns counting and publishing what happens to the calls of one service. Told by `service-entry.ts`, its parts and `resolver.ts`, one line each;
 * read by `discovery.stats()`. Each thing is counted always, which is one addition, and published only when somebody listens.
 * It decides nothing.
 */
import { channel } from 'node:diagnostics_channel';

import {
  CHANNELS,
  type AboutInstance,
  type ColdStartMessage,
  type ListMessage,
  type LocalityMessage,
  type ResolveMessage,
  type ServiceStats,
} from '../diagnostics.js';
import { groupedName, type InstanceAddress, type ServiceRef } from '../model.js';
import type { EndedAttempt, FailedCall } from '../process-hub.js';

const resolveChannel = channel(CHANNELS.resolve);
const pickChannel = channel(CHANNELS.pick);
const attemptChannel = channel(CHANNELS.attempt);
const retryChannel = channel(CHANNELS.retry);
const ejectionChannel = channel(CHANNELS.ejection);
const ejectionOverChannel = channel(CHANNELS.ejectionOver);
const emptyProtectionChannel = channel(CHANNELS.emptyProtection);
const listChannel = channel(CHANNELS.list);
const coldStartChannel = channel(CHANNELS.coldStart);
const localityChannel = channel(CHANNELS.locality);
const noInstanceChannel = channel(CHANNELS.noInstance);

/** Of every question to the registry, also of those that found no service. */
export function publishResolve(message: ResolveMessage): void {
  if (resolveChannel.hasSubscribers) resolveChannel.publish(message);
}

export class ServiceMeter {
  readonly #service: ServiceRef;
  #resolves = 0;
  #resolveMsSum = 0;
  #resolveMsMax = 0;
  #picks = 0;
  #retries = 0;
  readonly #ended = { answered: 0, unsent: 0, broken: 0, abandoned: 0 };
  #noInstance = 0;
  #ejections = 0;
  #emptyProtections = 0;
  #listChanges = 0;
  #coldStarts = 0;
  #localityFallbacks = 0;

  constructor(service: ServiceRef) {
    this.#service = service;
  }

  resolved(tookMs: number): void {
    this.#resolves += 1;
    this.#resolveMsSum += tookMs;
    this.#resolveMsMax = Math.max(this.#resolveMsMax, tookMs);
  }

  picked(address: InstanceAddress): void {
    this.#picks += 1;
    if (pickChannel.hasSubscribers) pickChannel.publish(this.#instance(address));
  }

  ended(address: InstanceAddress, attempt: EndedAttempt): void {
    this.#ended[attempt.outcome] += 1;
    if (!attemptChannel.hasSubscribers) return;
    const { outcome, status, tookMs } = attempt;
    attemptChannel.publish({ ...this.#instance(address), outcome, status, tookMs });
  }

  retried({ tried, outcome }: FailedCall, delayMs: number): void {
    this.#retries += 1;
    if (!retryChannel.hasSubscribers) return;
    retryChannel.publish({ ...this.#about(), attempt: tried.length + 1, outcome, delayMs });
  }

  foundNone(): void {
    this.#noInstance += 1;
    if (noInstanceChannel.hasSubscribers) noInstanceChannel.publish(this.#about());
  }

  /** `untilMs` is of the clock that discovery has. */
  ejected(address: string, reason: string, untilMs: number): void {
    this.#ejections += 1;
    if (!ejectionChannel.hasSubscribers) return;
    ejectionChannel.publish({ ...this.#about(), address, reason, untilMs });
  }

  /** Like `answered`, `time is up` or `reset`. */
  returned(address: string, reason: string): void {
    if (!ejectionOverChannel.hasSubscribers) return;
    ejectionOverChannel.publish({ ...this.#about(), address, reason });
  }

  /** `size`: how many instances calls use from now on. */
  emptyProtection(active: boolean, size: number): void {
    if (active) this.#emptyProtections += 1;
    if (!emptyProtectionChannel.hasSubscribers) return;
    emptyProtectionChannel.publish({ ...this.#about(), active, size });
  }

  listChanged(counts: Omit<ListMessage, 'service' | 'group'>): void {
    this.#listChanges += 1;
    if (listChannel.hasSubscribers) listChannel.publish({ ...this.#about(), ...counts });
  }

  coldStarted(counts: Omit<ColdStartMessage, 'service' | 'group'>): void {
    this.#coldStarts += 1;
    if (coldStartChannel.hasSubscribers) coldStartChannel.publish({ ...this.#about(), ...counts });
  }

  localityFallback(news: Omit<LocalityMessage, 'service' | 'group'>): void {
    if (news.active) this.#localityFallbacks += 1;
    if (localityChannel.hasSubscribers) localityChannel.publish({ ...this.#about(), ...news });
  }

  get stats(): ServiceStats {
    const { unsent, broken } = this.#ended;
    return {
      ...this.#about(),
      resolves: this.#resolves,
      resolveMsSum: this.#resolveMsSum,
      resolveMsMax: this.#resolveMsMax,
      picks: this.#picks,
      retries: this.#retries,
      ...this.#ended,
      failures: unsent + broken,
      noInstance: this.#noInstance,
      ejections: this.#ejections,
      emptyProtections: this.#emptyProtections,
      listChanges: this.#listChanges,
      coldStarts: this.#coldStarts,
      localityFallbacks: this.#localityFallbacks,
    };
  }

  /** Nobody has ever called it: it was only looked whether there is such a service. */
  get isUnused(): boolean {
    return this.#resolves === 0 && this.#picks === 0;
  }

  #about(): { service: string; group: string } {
    const { name, group } = this.#service;
    return { service: name, group };
  }

  #instance({ ip, port }: InstanceAddress): AboutInstance {
    return { ...this.#about(), ip, port };
  }
}

/** The meters of all services that one discovery has called: they outlive subscriptions, since a counter must not start anew. */
export class Meters {
  readonly #meters = new Map<string, ServiceMeter>();

  of(service: ServiceRef): ServiceMeter {
    const key = groupedName(service);
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      meter = new ServiceMeter(service);
      this.#meters.set(key, meter);
    }
    return meter;
  }

  /** The entry of this service is closed: what was never called needs no row. */
  release(service: ServiceRef): void {
    const key = groupedName(service);
    if (this.#meters.get(key)?.isUnused === true) this.#meters.delete(key);
  }

  /** Of every service, or of those with this name. */
  stats(name?: string): readonly ServiceStats[] {
    const all = [...this.#meters.values()].map((meter) => meter.stats);
    return all.filter(({ service }) => name === undefined || service === name);
  }
}
