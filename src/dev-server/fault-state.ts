/**
 * Owns what faults are on at this moment, as plain state. Written by faults.ts, read by the request order and the
 * HTTP side; it does nothing by itself.
 */

/** An answer that a test wants instead of the real one. */
export interface InjectedFailure {
  readonly errorCode: number;
  readonly message: string;
  /** ErrorResponse, as for failures of the transport; else the request's own response type. */
  readonly asErrorResponse: boolean;
}

interface FailurePlan {
  readonly failure: InjectedFailure;
  left: number;
}

export class FaultState {
  /** The server answers 300 to everything. */
  starting = false;
  /** Added to each unary answer. */
  delayMs = 0;
  readonly #plans = new Map<string, FailurePlan>();

  planFailure(requestType: string, failure: InjectedFailure, times: number): void {
    if (times > 0) this.#plans.set(requestType, { failure, left: times });
    else this.#plans.delete(requestType);
  }

  /** The failure planned for this request, counted down. */
  takeFailure(requestType: string): InjectedFailure | undefined {
    const plan = this.#plans.get(requestType);
    if (plan === undefined) return undefined;
    plan.left -= 1;
    if (plan.left <= 0) this.#plans.delete(requestType);
    return plan.failure;
  }

  clear(): void {
    this.starting = false;
    this.delayMs = 0;
    this.#plans.clear();
  }
}
