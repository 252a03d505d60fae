/**
 * Owns the table that consistent hashing looks into: which instance owns each of a fixed number of slots. Made by `consistent-hash.ts` for
 * each list. The same instances with the same weights own the same slots in every process, in whatever order they are listed.
 *
 * Each instance runs through a sequence of slots of its own, one every 1 / weight; the first to come to a slot owns it. So shares are as the
 * weights, an instance that leaves gives up its own slots and no other changes hands, and one that comes or gets heavier only takes.
 */
import { hashText, mix } from './hash-key.js';

const SLOT_BITS = 15;
export const SLOTS = 2 ** SLOT_BITS;
/** Visits for each slot after which few are left that nobody came to; what is left is found in rounds of one more. */
const VISITS_PER_SLOT = Math.ceil(Math.log(SLOTS));
const GOLDEN = 0x9e3779b9;

/** The slot of a hash of 32 bits. */
export function slotOf(hash: number): number {
  return hash >>> (32 - SLOT_BITS);
}

/** By slot: the index of its owner. `keys` name the instances; those at `weighty` take part, at least one. */
export function slotTable(
  keys: readonly string[],
  weights: readonly number[],
  weighty: readonly number[],
): Uint32Array {
  const owners = new Uint32Array(SLOTS);
  const only = weighty.length === 1 ? weighty[0] : undefined;
  if (only !== undefined) return owners.fill(only);
  const most = weighty.reduce((max, index) => Math.max(max, weights[index] ?? 0), 0);
  const runners = weighty.map((index) => runnerOf(index, keys[index] ?? '', weights, most));
  // In order of their names, so that the rare tie goes to the same one in whatever order the list is.
  runners.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const sum = runners.reduce((total, { weight }) => total + weight, 0);
  const arrivals = new Float64Array(SLOTS).fill(Infinity);
  let taken = 0;
  for (let visits = VISITS_PER_SLOT; taken < SLOTS; visits += 1) {
    const until = (SLOTS * visits) / sum;
    for (const runner of runners) taken += run(runner, until, arrivals, owners);
  }
  return owners;
}

interface Runner {
  readonly key: string;
  readonly index: number;
  /** Against the heaviest. */
  readonly weight: number;
  /** Of the sequence of slots. */
  readonly seed: number;
  readonly stride: number;
  /** In [0, 1): when it comes to its first slot, times its weight. */
  readonly phase: number;
  steps: number;
}

function runnerOf(index: number, key: string, weights: readonly number[], most: number): Runner {
  const seed = hashText(key);
  const other = hashText(`${key} `);
  return {
    key,
    index,
    weight: (weights[index] ?? 0) / most,
    seed,
    // Two of 32 bits that differ by chance: alike in one, sequences still part.
    stride: (GOLDEN ^ (other << 1)) | 1,
    phase: mix(other ^ GOLDEN) / 2 ** 32,
    steps: 0,
  };
}

/** Goes on until that time; the number of slots which nobody had. */
function run(runner: Runner, until: number, arrivals: Float64Array, owners: Uint32Array): number {
  const { index, weight, seed, stride, phase } = runner;
  let { steps } = runner;
  let found = 0;
  for (let time = (steps + phase) / weight; time < until; time = (steps + phase) / weight) {
    const slot = slotOf(mix(seed + Math.imul(steps, stride)));
    const before = arrivals[slot] ?? 0;
    steps += 1;
    if (time >= before) continue;
    if (before === Infinity) found += 1;
    arrivals[slot] = time;
    owners[slot] = index;
  }
  runner.steps = steps;
  return found;
}
