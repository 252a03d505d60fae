/**
 * Owns which list of a service its calls use: the operator's file before the registry's before what was stored. Made by `service-entry.ts` and
 * `watched-list.ts`, which are told of each change. While empty protection holds, the last callable list stays in use.
 */
import type { Logger } from '../logger.js';
import {
  groupedName,
  type Instance,
  type ServiceDiff,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type { Clock } from '../util/clock.js';
import { ageInWords } from './age-in-words.js';
import { CallableList, type ListParts } from './callable-list.js';
import { EmptyProtection } from './empty-protection.js';
import type { FilteredList } from './filter.js';
import type { CompiledRoute } from './routing.js';
import type { ServiceMeter } from './service-meter.js';

/** registry: as it lists them. protected: its last callable ones. stored: older ones, since it cannot be asked. file: the operator's. */
export type ListSource = 'registry' | 'protected' | 'stored' | 'file';

export interface ListInUseParts {
  readonly service: ServiceRef;
  readonly clock: Pick<Clock, 'after'>;
  readonly logger: Logger;
  readonly meter: Pick<ServiceMeter, 'emptyProtection' | 'listChanged'>;
  readonly emptyProtectionMs: number;
  /** Of now, for a new list. */
  readonly listParts: () => ListParts;
  /** Another list is in use from now on, or none. */
  readonly changed: (list: CallableList | undefined) => void;
}

export class ListInUse {
  readonly #parts: ListInUseParts;
  readonly #protection: EmptyProtection;
  #inUse: CallableList | undefined;
  #source: Exclude<ListSource, 'protected'> = 'registry';
  /** What the registry said last. */
  #snapshot: ServiceSnapshot | undefined;
  /** What was in use before the rest. */
  #former: readonly Instance[] | undefined;
  /** The newest list there is, in use or not. */
  #latest: CallableList | undefined;

  constructor(parts: ListInUseParts) {
    this.#parts = parts;
    this.#protection = new EmptyProtection({
      service: parts.service,
      clock: parts.clock,
      logger: parts.logger,
      meter: parts.meter,
      boundMs: parts.emptyProtectionMs,
      over: () => this.#use(this.#latest, 'registry'),
    });
  }

  /** undefined: there is no list. */
  get source(): ListSource | undefined {
    if (this.#inUse === undefined) return undefined;
    return this.#protection.isHolding ? 'protected' : this.#source;
  }

  /** What the registry lists, when calls use it as it is. */
  get confirmed(): ServiceSnapshot | undefined {
    return this.source === 'registry' ? this.#snapshot : undefined;
  }

  /** Of the newest list, in use or not; undefined before there was one. */
  get filtered(): FilteredList | undefined {
    return this.#latest?.filtered;
  }

  /** A list of the registry. One that is not newer than the last one changes nothing. */
  take(snapshot: ServiceSnapshot, diff?: ServiceDiff): void {
    if (snapshot.revision <= (this.#snapshot?.revision ?? -1)) return;
    this.#snapshot = snapshot;
    const { length: size } = snapshot.instances;
    this.#parts.meter.listChanged({
      added: diff?.added.length ?? size,
      removed: diff?.removed.length ?? 0,
      changed: diff?.changed.length ?? 0,
      size,
    });
    if (this.#source !== 'file') this.#takeNow(snapshot, true);
  }

  /** The operator's list, whatever the registry says; undefined: there is none any more. */
  setFile(instances: readonly Instance[] | undefined): void {
    if (instances !== undefined) {
      this.#protection.end(instances.length);
      this.#build(instances, 'file');
    } else if (this.#source === 'file') {
      this.#source = 'registry';
      this.#latest = undefined;
      if (this.#snapshot === undefined) this.#use(undefined, 'registry');
      // What the operator listed is not what the registry listed last: it is not kept.
      else this.#takeNow(this.#snapshot, false);
    }
  }

  /** A list of former times, until there is another one. False when it is of no use. */
  useStored(instances: readonly Instance[]): boolean {
    if (this.#inUse !== undefined) return false;
    this.#build(instances, 'stored');
    return true;
  }

  /** What was in use before `rest`, as `useStored`. */
  useFormer(): boolean {
    return this.#former !== undefined && this.useStored(this.#former);
  }

  /** Nobody follows the service any more: what was listed is not in use either. An operator's file stays. */
  rest(): void {
    this.#protection.end(0);
    this.#snapshot = undefined;
    if (this.#inUse === undefined || this.#source === 'file') return;
    this.#former = this.#inUse.isEmpty ? undefined : this.#inUse.instances;
    this.#latest = undefined;
    this.#use(undefined, 'registry');
  }

  /** Other rules from the next call on. */
  useRoutes(routes: readonly CompiledRoute[]): void {
    this.#inUse?.useRoutes(routes);
    if (this.#latest !== this.#inUse) this.#latest?.useRoutes(routes);
  }

  close(): void {
    this.#protection.end(0);
  }

  #takeNow(snapshot: ServiceSnapshot, mayKeep: boolean): void {
    const list = new CallableList(snapshot, this.#parts.listParts(), this.#inUse);
    this.#latest = list;
    if (list.isEmpty) {
      const kept = mayKeep ? (this.#inUse?.targets.length ?? 0) : 0;
      if (this.#protection.holds(kept, sayWhyNone(snapshot.service, list.filtered))) return;
    }
    this.#protection.end(list.targets.length);
    this.#former = undefined;
    this.#use(list, 'registry');
  }

  #build(instances: readonly Instance[], source: 'file' | 'stored'): void {
    const { service, listParts } = this.#parts;
    const list = new CallableList(
      { service, instances, revision: 0, serverTimeMs: 0, protectThresholdReached: false },
      listParts(),
      this.#inUse,
    );
    this.#latest = list;
    this.#use(list, source);
  }

  #use(list: CallableList | undefined, source: Exclude<ListSource, 'protected'>): void {
    this.#inUse = list;
    this.#source = source;
    this.#parts.changed(list);
  }
}

/** Why nothing of a list can be called, in one line. `unrouted`: so many are not for the call by its routes. */
export function sayWhyNone(
  service: ServiceRef,
  filtered: Omit<FilteredList, 'callable'>,
  unrouted = 0,
): string {
  const { total, unhealthy, disabled, weightless, otherCluster } = filtered;
  const name = groupedName(service);
  const others = otherCluster === 0 ? '' : `, ${String(otherCluster)} in other clusters`;
  const kept = unrouted === 0 ? '' : `, ${String(unrouted)} not for this call by its routes`;
  return total === 0
    ? `no instance of ${name} is registered`
    : `no instance of ${name} can be called: ${String(total)} registered, of these ${String(unhealthy)} unhealthy, ${String(disabled)} disabled, ${String(weightless)} without weight${others}${kept}`;
}

/** That calls use a list of former times with so many callable instances, in one line. */
export function sayOld(service: ServiceRef, size: number, ageMs: number): string {
  return `Nacos does not answer: until it does, calls to ${groupedName(service)} use the ${String(size)} instances that it had ${ageInWords(ageMs)} ago`;
}
