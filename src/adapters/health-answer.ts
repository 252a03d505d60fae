/**
 * Owns the way of a framework's health route to what the runtime says of this process (runtime/health.ts). Asked by the adapters for each
 * request of that route. It waits for nothing and loads nothing.
 */
import { healthAnswer, type HealthAnswer } from '../runtime/health.js';
import { presentHub } from './hooks.js';

/** Not ready as long as nothing has been asked to register. */
export function answerHealth(): HealthAnswer {
  return healthAnswer(presentHub()?.runtime);
}
