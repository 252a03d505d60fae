/**
 * Owns time in unit tests: a Clock that moves only when the test says so. `advance` runs every timer that falls due, in order, and
 * lets promises settle in between, so that one call carries a whole chain of waits.
 */
import type { Clock, TimerOptions } from '../../src/util/clock.js';

export interface FakeClock extends Clock {
  /** Moves time forward by `ms`, running what falls due on the way. */
  advance(ms: number): Promise<void>;
  /** Timers that are waiting now. */
  readonly pending: number;
  /** Timers among them which would keep a process alive. */
  readonly holding: number;
  /** What `random` gives next; default 0.5 for ever. */
  setRandom(next: () => number): void;
}

interface Entry {
  readonly id: number;
  dueMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
  readonly holds: boolean;
}

export function createFakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  let nextId = 1;
  let random = (): number => 0.5;
  const timers = new Map<number, Entry>();

  const add = (ms: number, run: () => void, everyMs?: number, options?: TimerOptions) => {
    const entry: Entry = {
      id: nextId++,
      dueMs: nowMs + Math.max(0, ms),
      everyMs,
      run,
      holds: options?.holdsProcess === true,
    };
    timers.set(entry.id, entry);
    return { cancel: () => void timers.delete(entry.id) };
  };

  const nextDue = (untilMs: number): Entry | undefined => {
    let first: Entry | undefined;
    for (const entry of timers.values()) {
      if (entry.dueMs > untilMs) continue;
      if (first === undefined || entry.dueMs < first.dueMs) first = entry;
    }
    return first;
  };

  return {
    nowMs: () => nowMs,
    wallMs: () => 1_700_000_000_000 + nowMs,
    after: (ms, run, options) => add(ms, run, undefined, options),
    every: (ms, run) => add(ms, run, ms),
    random: () => random(),
    setRandom: (next) => {
      random = next;
    },
    get pending() {
      return timers.size;
    },
    get holding() {
      return [...timers.values()].filter((entry) => entry.holds).length;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        nowMs = Math.max(nowMs, due.dueMs);
        if (due.everyMs === undefined) timers.delete(due.id);
        else due.dueMs += due.everyMs;
        due.run();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets every promise chain run to where it waits for something else than promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
