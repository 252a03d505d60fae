/**
 * Owns what is said when Nacos cannot be reached: one line per outage, when every server has failed, and one at its end. Called by the session.
 */
import type { Logger } from '../logger.js';

export class OutageLog {
  readonly #logger: Logger;
  #isWarned = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  connected(where: string, failures: number): void {
    if (failures > 0) this.#logger.info(`connected to Nacos at ${where}`);
    this.#isWarned = false;
  }

  /** `isOutage`: every server has failed, and no older connection serves meanwhile. */
  failed(where: string, { message: why }: Error, failures: number, isOutage: boolean): void {
    if (isOutage && !this.#isWarned) {
      this.#isWarned = true;
      this.#logger.warn(
        `cannot reach Nacos at ${where}: ${why}; the app goes on without it, and we connect as soon as it answers`,
      );
    } else this.#logger.debug(`attempt ${String(failures)} at ${where}: ${why}`);
  }
}
