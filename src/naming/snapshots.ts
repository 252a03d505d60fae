/**
 * Owns how a server's list becomes an immutable snapshot and what differs between two of them. Called by the subscriptions
 * and by queries. Pure. A list that says the same as the last one gives the same snapshot object, so that the
 * duplicate push after a subscribe is no event (docs/protocol.md#trap-12).
 */
import {
  instanceKey,
  type Instance,
  type ServiceDiff,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type { ServiceInfo } from '../wire/messages/naming.js';

export interface SnapshotChange {
  readonly snapshot: ServiceSnapshot;
  readonly diff: ServiceDiff;
}

/**
 * The change which `info` makes to `previous`, or to nothing after `lastRevision`; undefined when there is none. `healthy` is taken as the server says, also when
 * its protect threshold made it so: second-guessing would empty the list (docs/protocol.md#trap-14).
 */
export function applyServiceInfo(
  service: ServiceRef,
  previous: ServiceSnapshot | undefined,
  info: ServiceInfo,
  lastRevision = 0,
): SnapshotChange | undefined {
  const before = new Map<string, Instance>();
  for (const instance of previous?.instances ?? []) before.set(instanceKey(instance), instance);
  const added: Instance[] = [];
  const changed: Instance[] = [];
  const instances: Instance[] = [];
  const keys = new Set<string>();
  for (const listed of info.hosts) {
    const host = withoutBrackets(listed);
    const key = instanceKey(host);
    if (keys.has(key)) continue;
    keys.add(key);
    const old = before.get(key);
    if (old === undefined) added.push(host);
    else if (!sameInstance(old, host)) changed.push(host);
    instances.push(old !== undefined && sameInstance(old, host) ? old : host);
  }
  const removed = (previous?.instances ?? []).filter((old) => !keys.has(instanceKey(old)));
  const sameProtection = previous?.protectThresholdReached === info.reachProtectionThreshold;
  const unchanged = added.length + changed.length + removed.length === 0 && sameProtection;
  if (previous !== undefined && unchanged) return undefined;

  instances.sort(byAddress);
  return {
    snapshot: Object.freeze({
      service,
      instances: Object.freeze(instances),
      revision: (previous?.revision ?? lastRevision) + 1,
      serverTimeMs: info.lastRefTime,
      protectThresholdReached: info.reachProtectionThreshold,
    }),
    diff: Object.freeze({
      added: Object.freeze(added),
      removed: Object.freeze(removed),
      changed: Object.freeze(changed),
    }),
  };
}

/** Java applications register an IPv6 in brackets; inside of us it has none (model.ts). */
function withoutBrackets(instance: Instance): Instance {
  const { ip } = instance;
  if (!ip.startsWith('[') || !ip.endsWith(']')) return instance;
  return Object.freeze({ ...instance, ip: ip.slice(1, -1) });
}

function sameInstance(a: Instance, b: Instance): boolean {
  return (
    a.weight === b.weight &&
    a.healthy === b.healthy &&
    a.enabled === b.enabled &&
    a.ephemeral === b.ephemeral &&
    sameMetadata(a.metadata, b.metadata)
  );
}

function sameMetadata(a: Instance['metadata'], b: Instance['metadata']): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function byAddress(a: Instance, b: Instance): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  if (a.port !== b.port) return a.port - b.port;
  return a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0;
}
