/**
 * Owns one question in tests of things that hold sockets: did anything go past its owner? Collects unhandled rejections,
 * uncaught errors and warnings (too many listeners is one) of this process while the tests of a file run.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** To be called once at the top of a test file: each of its tests then fails when something was left unheard. */
export function expectQuietProcess(): void {
  const heard: string[] = [];
  const hear = (what: unknown): void => {
    heard.push(what instanceof Error ? (what.stack ?? what.message) : String(what));
  };
  const EVENTS = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const;
  beforeAll(() => {
    for (const event of EVENTS) process.on(event, hear);
  });
  afterAll(() => {
    for (const event of EVENTS) process.off(event, hear);
  });
  afterEach(async () => {
    // What is thrown on the way down comes within a few turns of the loop.
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(heard.splice(0)).toEqual([]);
  });
}
