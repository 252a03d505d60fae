/**
 * Owns which instances may be called: healthy, enabled, with a weight and in the clusters that are wanted, on every path alike, whatever
 * brought the list (first answer, push or disk). Called once per snapshot revision. Pure; keeps the order of the snapshot.
 */
import type { Instance, ServiceSnapshot } from '../model.js';

/** Why an instance is left out whatever the call. */
export type FilterReason = 'unhealthy' | 'disabled' | 'weightless' | 'other-cluster';

/** Why instances are left out; each counts once, under the first reason in this order. */
export interface LeftOut {
  readonly unhealthy: number;
  readonly disabled: number;
  readonly weightless: number;
  /** In none of the clusters that are set for the service. */
  readonly otherCluster: number;
}

export interface FilteredList extends LeftOut {
  readonly callable: readonly Instance[];
  readonly total: number;
}

/** `clusters`: only these; none: all. */
export function filterCallable(
  snapshot: Pick<ServiceSnapshot, 'instances'>,
  clusters: readonly string[] = [],
): FilteredList {
  const callable: Instance[] = [];
  let unhealthy = 0;
  let disabled = 0;
  let weightless = 0;
  let otherCluster = 0;
  for (const instance of snapshot.instances) {
    const reason = whyLeftOut(instance, clusters);
    if (reason === undefined) callable.push(instance);
    else if (reason === 'unhealthy') unhealthy += 1;
    else if (reason === 'disabled') disabled += 1;
    else if (reason === 'weightless') weightless += 1;
    else otherCluster += 1;
  }
  const total = snapshot.instances.length;
  return { callable, total, unhealthy, disabled, weightless, otherCluster };
}

/** The first reason why the instance is called by nobody here; undefined when it may be called. */
export function whyLeftOut(
  instance: Instance,
  clusters: readonly string[],
): FilterReason | undefined {
  if (!instance.healthy) return 'unhealthy';
  if (!instance.enabled) return 'disabled';
  if (!hasWeight(instance)) return 'weightless';
  if (clusters.length > 0 && !clusters.includes(instance.cluster)) return 'other-cluster';
  return undefined;
}

/** A weight which is no finite number above 0 takes no traffic. */
function hasWeight({ weight }: Instance): boolean {
  return weight > 0 && weight < Infinity;
}
