/**
 * Owns how the last calls of one instance ended, 32 at most: one bit for each. Filled and read by `outlier.ts`. Allocates nothing.
 */
const MOST = 32;

export class LastCalls {
  /** The newest in the lowest bit; 1: failed. */
  #bits = 0;
  #count = 0;

  /** How many it knows of. */
  get count(): number {
    return this.#count;
  }

  get failures(): number {
    let failures = 0;
    // Each step takes the lowest 1 away.
    for (let bits = this.#bits; bits !== 0; bits &= bits - 1) failures += 1;
    return failures;
  }

  add(isFailed: boolean): void {
    this.#bits = (this.#bits << 1) | (isFailed ? 1 : 0);
    this.#count = Math.min(MOST, this.#count + 1);
  }

  clear(): void {
    this.#bits = 0;
    this.#count = 0;
  }
}
