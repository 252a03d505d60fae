/**
 * Owns power of two choices: two draws by weight, and the one that costs less gets the call. Cost: the time that an answer is expected to
 * take, times the load. Used as a balancer, through `by-name.ts`. `settled` learns the times.
 *
 * Of an idle fleet that answers alike each instance gets its share by weight. With costs within a factor of two, one with share s gets
 * between s * s and 2s, so that a small weight stays small; from one that costs more than twice as much, others take more.
 */
import type { EndedAttempt } from '../../process-hub.js';
import type {
  BalancedList,
  Balancer,
  BalancerParts,
  CreateBalancer,
  InstanceStat,
} from '../balancer.js';
import { createWeightedRandom, type WeightedRandom } from './weighted-random.js';

/** What was learned counts for e^-1 of itself after this time. */
const DECAY_MS = 10_000;
/** What a failure counts as, at least: one that is refused fast must not look fast. */
const FAILURE_MS = 1000;
/** A failure doubles the time of its instance, up to this. */
const FAILURES_MS = 60_000;
/** An answer takes this long at least: 0 means that there was none. */
const LEAST_MS = 0.01;
/** Costs within this factor are equal, and the first draw stands: noise must not undo the weights. */
const CLEARLY = 1.1;
/** An instance that is drawn twice loses to one further draw that is better by this factor. */
const BY_FAR = 2;
/** The clock is read for one pick of these, for it costs as much as the pick: ages are of many seconds. */
const PICKS_PER_LOOK = 16;
/** Draws that look for another than the first one. */
const FURTHER_DRAWS = 3;
/** Of a gateway or an instance that cannot: fast answers which are no answers. */
const NO_ANSWER: ReadonlySet<number> = new Set([502, 503, 504]);

/** Satisfies CreateBalancer, with `settled`. */
export const createP2c: CreateBalancer = Object.assign(
  (list: BalancedList, parts: BalancerParts): Balancer => new PowerOfTwo(list, parts),
  { settled: learn },
);

/**
 * A peak-sensitive moving average: a slower answer counts at once, a faster one as far as time has passed. An attempt that was abandoned
 * says only that an answer would have taken longer.
 */
function learn(stat: InstanceStat, ended: EndedAttempt, nowMs: number): void {
  const { outcome, status } = ended;
  const isFailure =
    outcome === 'unsent' ||
    outcome === 'broken' ||
    (outcome === 'answered' && status !== undefined && NO_ANSWER.has(status));
  const knownMs = stat.ewmaMs;
  const tookMs = isFailure
    ? Math.max(ended.tookMs, FAILURE_MS, knownMs, Math.min(2 * knownMs, FAILURES_MS))
    : Math.max(ended.tookMs, LEAST_MS);
  if (!Number.isFinite(tookMs)) return;
  if (outcome === 'abandoned' && (knownMs === 0 || tookMs < knownMs)) return;
  const isSlower = knownMs === 0 || tookMs >= knownMs;
  const kept = isSlower ? 0 : Math.exp(-Math.max(0, nowMs - stat.ewmaAtMs) / DECAY_MS);
  stat.ewmaMs = tookMs + (knownMs - tookMs) * kept;
  stat.ewmaAtMs = nowMs;
}

class PowerOfTwo implements Balancer {
  readonly #draw: WeightedRandom;
  readonly #nowMs: () => number;
  readonly #stats: readonly InstanceStat[];
  /** By index: what one attempt under way adds to the load, less for a heavy instance; 1 at the mean weight. */
  readonly #steps: Float64Array;
  #lastMs = 0;
  #picksLeft = 0;

  constructor(list: BalancedList, parts: BalancerParts) {
    this.#draw = createWeightedRandom(list, parts);
    this.#nowMs = parts.nowMs;
    this.#stats = list.stats;
    this.#steps = stepsOf(list.weights);
  }

  pick(): number {
    this.#look();
    const first = this.#draw.pick();
    let second = this.#draw.pick();
    if (first !== second) return this.#isBetter(second, first, CLEARLY) ? second : first;
    for (let tried = 0; tried < FURTHER_DRAWS && second === first; tried += 1) {
      second = this.#draw.pick();
    }
    return second !== first && this.#isBetter(second, first, BY_FAR) ? second : first;
  }

  pickExcept(isExcluded: (index: number) => boolean): number {
    this.#look();
    const first = this.#draw.pickExcept(isExcluded);
    if (first < 0) return -1;
    const second = this.#draw.pick();
    if (second === first || isExcluded(second)) return first;
    return this.#isBetter(second, first, CLEARLY) ? second : first;
  }

  /**
   * Without a time of its own an instance is taken to be as fast as the other: a new one gets its share, not a flood. A slow one comes
   * nearer to the other as what is known of it gets old, until it is tried again.
   */
  #isBetter(one: number, other: number, factor: number): boolean {
    const left = this.#stats[one];
    const right = this.#stats[other];
    if (left === undefined || right === undefined) return false;
    let leftMs = left.ewmaMs === 0 ? right.ewmaMs : left.ewmaMs;
    let rightMs = right.ewmaMs === 0 ? left.ewmaMs : right.ewmaMs;
    if (leftMs > rightMs) leftMs = this.#aged(left, leftMs, rightMs);
    else if (rightMs > leftMs) rightMs = this.#aged(right, rightMs, leftMs);
    // Nothing is known of either: the load alone.
    const leftCost = (leftMs === 0 ? 1 : leftMs) * this.#loadOf(one, left);
    const rightCost = (rightMs === 0 ? 1 : rightMs) * this.#loadOf(other, right);
    return leftCost * factor < rightCost;
  }

  #aged({ ewmaAtMs }: InstanceStat, slowMs: number, fastMs: number): number {
    const ageMs = Math.max(0, this.#lastMs - ewmaAtMs);
    return fastMs + (slowMs - fastMs) * Math.exp(-ageMs / DECAY_MS);
  }

  #look(): void {
    this.#picksLeft -= 1;
    if (this.#picksLeft >= 0) return;
    this.#lastMs = this.#nowMs();
    this.#picksLeft = PICKS_PER_LOOK - 1;
  }

  #loadOf(index: number, { active }: InstanceStat): number {
    return 1 + active * (this.#steps[index] ?? 1);
  }
}

function stepsOf(weights: readonly number[]): Float64Array {
  let sum = 0;
  let count = 0;
  for (const weight of weights) {
    if (!(weight > 0)) continue;
    sum += weight;
    count += 1;
  }
  return Float64Array.from(weights, (weight) => (weight > 0 ? sum / count / weight : 0));
}
