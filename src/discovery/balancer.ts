/**
 * Owns what a balancer is: it turns the weights of one list into a sequence of indexes. Built by `callable-list.ts` once for each
 * list, lazily. Implementations are under `balancers/`; they know weights only, never instances, names or the network.
 */

export interface Balancer {
  /** Index of the next one to call; -1 when nothing has a weight. Synchronous, allocates nothing. */
  pick(): number;
  /** Like `pick` among those that `isExcluded` lets through; -1 when none is left. For the path after a failure. */
  pickExcept(isExcluded: (index: number) => boolean): number;
}

/**
 * Makes a balancer for weights of any finite size; 0 and less get nothing. `random` is uniform in [0, 1) and decides where the
 * sequence starts, so that many clients with the same list do not call in step.
 */
export type CreateBalancer = (weights: readonly number[], random: () => number) => Balancer;
