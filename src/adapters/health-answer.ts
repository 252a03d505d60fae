/**
 * Owns what a health route of ours says: whether this process may be sent traffic. Asked by the framework adapters for each request of
 * that route. It answers from what the runtime knows and waits for nothing; trouble with the registry is for
 * readiness, never a reason to restart the process.
 */
import { presentHub } from './hooks.js';

export interface HealthAnswer {
  readonly ready: boolean;
  readonly status: 200 | 503;
  /** JSON. */
  readonly body: string;
}

/** Ready once something is registered and its gate is open; not ready any more from the moment it leaves. */
export function answerHealth(): HealthAnswer {
  const ready = presentHub()?.runtime?.isReady ?? false;
  return { ready, status: ready ? 200 : 503, body: JSON.stringify({ ready }) };
}
