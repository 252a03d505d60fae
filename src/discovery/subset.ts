/**
 * Owns which part of a very large list this process uses, so that not everybody holds connections to everything. Called by
 * `callable-list.ts` once per view. Pure.
 *
 * Google's SRE book shuffles the sorted list by a seed that clients share and cuts it into slices, which is even when clients are
 * numbered 0, 1, 2... Processes here have no numbers, and any change of the list would shuffle anew. So each client ranks
 * the instances by a hash of its own id and their address and takes the best: as even as slices for random ids, whatever order
 * the list has, and an instance that comes or goes changes one place at most.
 */
import type { Target } from './call-target.js';

/** The targets of this client, in the order of the list; the list itself when it is no larger than `size`. */
export function subsetOf(
  targets: readonly Target[],
  { size, clientId }: { readonly size: number; readonly clientId: number },
): readonly Target[] {
  if (size <= 0 || targets.length <= size) return targets;
  const ranks = Float64Array.from(targets, ({ stat }) => rank(stat.key, clientId));
  const worst = ranks.toSorted()[size - 1] ?? Infinity;
  const chosen = targets.filter((_, at) => (ranks[at] ?? Infinity) <= worst);
  // Two with the same rank may stand at the end: sizes are kept.
  return chosen.slice(0, size);
}

/** FNV-1a over the address, begun with the client's id, with its bits spread by Murmur's last step. 32 bits. */
function rank(key: string, clientId: number): number {
  let hash = (0x811c9dc5 ^ clientId) >>> 0;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
