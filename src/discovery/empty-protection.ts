/**
 * Owns the empty protection of one service: whether an empty list is believed, and until when it is not. Asked by `list-in-use.ts` for each list
 * without a callable instance. It holds no list itself. The time runs from the first empty list, however many follow.
 */
import type { Logger } from '../logger.js';
import { groupedName, type ServiceRef } from '../model.js';
import type { Clock, Timer } from '../util/clock.js';
import type { ServiceMeter } from './service-meter.js';

export interface EmptyProtectionParts {
  readonly service: ServiceRef;
  readonly clock: Pick<Clock, 'after'>;
  readonly logger: Logger;
  readonly meter: Pick<ServiceMeter, 'emptyProtection'>;
  /** 0: empty lists are believed at once. */
  readonly boundMs: number;
  /** The time is up. */
  readonly over: () => void;
}

export class EmptyProtection {
  readonly #parts: EmptyProtectionParts;
  #timer: Timer | undefined;

  constructor(parts: EmptyProtectionParts) {
    this.#parts = parts;
  }

  get isHolding(): boolean {
    return this.#timer !== undefined;
  }

  /** True when calls go on with the `kept` instances they have. `why` says what is wrong with the new list. */
  holds(kept: number, why: string): boolean {
    const { clock, logger, meter, boundMs, service } = this.#parts;
    if (this.#timer !== undefined) return true;
    if (boundMs <= 0 || kept === 0) return false;
    logger.warn(
      `${why}; empty protection: calls keep the last ${String(kept)} for at most ${String(boundMs / 1000)} s`,
    );
    this.#timer = clock.after(boundMs, () => {
      this.#timer = undefined;
      this.#parts.over();
      meter.emptyProtection(false, 0);
      logger.warn(
        `empty protection of ${groupedName(service)} is over: it has had no callable instance since`,
      );
    });
    meter.emptyProtection(true, kept);
    return true;
  }

  /** Calls use `size` instances of another list, or nobody calls. */
  end(size: number): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#parts.meter.emptyProtection(false, size);
  }
}
