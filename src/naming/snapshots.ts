/**
 * Owns how a server's list becomes an immutable snapshot and what differs between two of them. Called by the subscriptions
 * and by queries. Pure. A list that says the same as the last one gives the same snapshot object, so that the
 * duplicate push after a subscribe is no event (docs/protocol.md#trap-12).
 */
import type { Instance, ServiceDiff, ServiceRef, ServiceSnapshot } from '../model.js';
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
  // Both lists in order of address, walked side by side: lists are long, and no key has to be made for any instance.
  const old = previous?.instances ?? [];
  const listed = inOrder(info.hosts);
  const added: Instance[] = [];
  const changed: Instance[] = [];
  const removed: Instance[] = [];
  const instances: Instance[] = [];
  let at = 0;
  for (const host of listed) {
    const last = instances.at(-1);
    // Listed twice: the first one counts.
    if (last !== undefined && byAddress(last, host) === 0) continue;
    let known = old[at];
    while (known !== undefined && byAddress(known, host) < 0) {
      removed.push(known);
      at += 1;
      known = old[at];
    }
    if (known === undefined || byAddress(known, host) !== 0) {
      added.push(host);
      instances.push(host);
      continue;
    }
    at += 1;
    const isSame = sameInstance(known, host);
    if (!isSame) changed.push(host);
    instances.push(isSame ? known : host);
  }
  removed.push(...old.slice(at));
  const sameProtection = previous?.protectThresholdReached === info.reachProtectionThreshold;
  const unchanged = added.length + changed.length + removed.length === 0 && sameProtection;
  if (previous !== undefined && unchanged) return undefined;

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

function inOrder(hosts: readonly Instance[]): readonly Instance[] {
  const bare = hosts.map(withoutBrackets);
  // Whether it is needed costs a tenth of what it costs.
  const isSorted = bare.every((host, at) => {
    const before = bare[at - 1];
    return before === undefined || byAddress(before, host) <= 0;
  });
  return isSorted ? bare : bare.sort(byAddress);
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
  let size = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    size += 1;
  }
  return size === Object.keys(b).length;
}

function byAddress(a: Instance, b: Instance): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  if (a.port !== b.port) return a.port - b.port;
  return a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0;
}
