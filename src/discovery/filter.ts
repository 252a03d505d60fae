/**
 * Owns which instances may be called: healthy, enabled and with a weight, on every path alike, whatever brought the list (first
 * answer, push or disk). Called once per snapshot revision. Pure; keeps the order of the snapshot.
 */
import type { Instance, ServiceSnapshot } from '../model.js';

/** Why instances are left out; each counts once, under the first reason in this order. */
export interface LeftOut {
  readonly unhealthy: number;
  readonly disabled: number;
  readonly weightless: number;
}

export interface FilteredList extends LeftOut {
  readonly callable: readonly Instance[];
  readonly total: number;
}

export function filterCallable(snapshot: ServiceSnapshot): FilteredList {
  const callable: Instance[] = [];
  let unhealthy = 0;
  let disabled = 0;
  let weightless = 0;
  for (const instance of snapshot.instances) {
    if (!instance.healthy) unhealthy += 1;
    else if (!instance.enabled) disabled += 1;
    else if (!hasWeight(instance)) weightless += 1;
    else callable.push(instance);
  }
  return { callable, total: snapshot.instances.length, unhealthy, disabled, weightless };
}

/** A weight which is no finite number above 0 takes no traffic. */
function hasWeight({ weight }: Instance): boolean {
  return weight > 0 && weight < Infinity;
}
