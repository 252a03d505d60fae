/**
 * Owns SIGTERM, SIGINT and the message `shutdown` (of pm2) between the system and the app's handlers. Made by `runtime/hub.cts`, and
 * does nothing until `setHold`. Then the first of them waits until `leave` is through and is delivered as it came; an app
 * without handlers is drained and dies by the signal, as it would have without us. A second one goes straight on.
 *
 * States: open -first signal-> leaving -left, or a second signal-> passed (the app has handlers) or ending (it has none);
 * passed -setHold-> open, when an app that stays alive is registered again.
 * Node binds `process.emit` when the first listener of a signal is added: that is why emit is replaced before anybody
 * adds one, and why placeholders (signal-placeholders.cts) stand in while we hold. SIGHUP is left alone: apps reload by it.
 */
import type { SignalHold } from '../process-hub.js';
import type { HeldSignal, Placeholders } from './signal-placeholders.cjs';

export interface SignalGate {
  /** Holds signals from now on; undefined lets them through again, but for one that is held already. */
  setHold(hold: SignalHold | undefined): void;
}

type RunnerModule = typeof import('./runner-acknowledge.cjs');
type PlaceholderModule = typeof import('./signal-placeholders.cjs');

interface Arrival {
  readonly event: HeldSignal | 'message';
  readonly args: readonly unknown[];
}

/** The same on every platform. A shell shows 128 + n for a death by signal. */
const NUMBERS: Readonly<Record<HeldSignal, number>> = { SIGINT: 2, SIGTERM: 15 };
/** Process 1 of a container does not die by its own signal: after this time it exits. */
const RAISE_GRACE_MS = 200;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** With `shutdown_with_message`, and on Windows, pm2 sends this text and no signal. */
const SHUTDOWN_MESSAGE = 'shutdown';

type Emit = (event: unknown, args: readonly unknown[]) => boolean;

class Gate implements SignalGate {
  readonly #emitBelow: Emit;
  /** Made with the first hold: a process that registers nothing needs none. */
  #placeholders: Placeholders | undefined;
  #hold: SignalHold | undefined;
  #state: 'open' | 'leaving' | 'passed' | 'ending' = 'open';
  #held: readonly Arrival[] = [];
  #passNow: () => void = () => undefined;
  /** Of the signal that the app's handlers have got. */
  #passedHold: SignalHold | undefined;

  constructor(emitBelow: Emit) {
    this.#emitBelow = emitBelow;
  }

  setHold(hold: SignalHold | undefined): void {
    this.#hold = hold;
    if (hold !== undefined && this.#state === 'passed') this.#state = 'open';
    if (this.#state !== 'open') return;
    if (hold === undefined) this.#placeholders?.remove();
    else this.#placeholdersOf().add();
  }

  emit(event: HeldSignal, args: readonly unknown[]): boolean {
    // A real signal comes with its number; an app that emits one by hand wants its handlers called now.
    if (typeof args[1] === 'number' && this.#take({ event, args })) return true;
    const heard = process.listenerCount(event) > 0;
    const below = (): boolean => this.#emitBelow(event, args);
    if (this.#placeholders === undefined) below();
    else this.#placeholders.muted(below);
    return heard;
  }

  /** True when the message waits here. Node emits messages only while the app listens for them. */
  message(args: readonly unknown[]): boolean {
    if (args[0] !== SHUTDOWN_MESSAGE || process.channel === undefined) return false;
    return this.#take({ event: 'message', args });
  }

  /** False when the signal is none of our business. */
  #take(arrival: Arrival): boolean {
    if (this.#state === 'leaving') {
      this.#held = [...this.#held, arrival];
      this.#passNow();
      return true;
    }
    if (this.#state === 'passed') this.#passedHold?.delivered();
    if (this.#state !== 'open' || this.#hold === undefined) return false;
    this.#leave(arrival, this.#hold);
    return true;
  }

  #leave(first: Arrival, hold: SignalHold): void {
    this.#state = 'leaving';
    this.#held = [first];
    // Without us the process would be gone by now, so it must not end in another way before we are through.
    const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
    const pass = (impatient: boolean): void => {
      if (this.#state !== 'leaving') return;
      this.#placeholders?.remove();
      if (first.event === 'message' || process.listenerCount(first.event) > 0) {
        clearInterval(alive);
        this.#deliver();
        this.#passed(hold);
        return;
      }
      this.#state = 'ending';
      void this.#end(first.event, impatient ? undefined : hold);
    };
    this.#passNow = () => pass(true);
    const left = (): void => pass(false);
    if (first.event !== 'message') {
      const { acknowledgeToRunner } = require('./runner-acknowledge.cjs') as RunnerModule;
      acknowledgeToRunner(first.event);
    }
    // `leave` does not reject; should it, then the signal has to arrive all the same.
    hold.leave(nameOf(first)).then(left, left);
  }

  /** The app's handlers have been called already, by an emit that is not ours: nothing is held or delivered again. */
  #cameAround(event: HeldSignal, args: readonly unknown[]): void {
    const hold = this.#hold;
    if (this.#state !== 'open' || hold === undefined || process.listenerCount(event) === 0) {
      this.#take({ event, args });
      return;
    }
    this.#placeholders?.remove();
    hold.leave(event).catch(() => undefined); // It does not reject, and nobody waits for it here.
    this.#passed(hold);
  }

  #placeholdersOf(): Placeholders {
    const { createPlaceholders } = require('./signal-placeholders.cjs') as PlaceholderModule;
    this.#placeholders ??= createPlaceholders((signal, args) => this.#cameAround(signal, args));
    return this.#placeholders;
  }

  #passed(hold: SignalHold): void {
    this.#state = 'passed';
    this.#passedHold = hold;
    hold.delivered();
  }

  #deliver(): void {
    for (const { event, args } of this.#held) {
      // Each in a task of its own, so that what a handler throws is an uncaught exception as ever.
      setImmediate(() => {
        if (!this.#emitBelow(event, args) && event !== 'message') raise(event);
      });
    }
  }

  async #end(signal: HeldSignal, hold: SignalHold | undefined): Promise<void> {
    try {
      await hold?.drain();
    } catch {
      // It does not reject; should it, then the process ends all the same.
    }
    // Lets the other work of this turn finish, such as the last bytes of a response.
    setImmediate(() => raise(signal));
  }
}

function isHeldSignal(event: unknown): event is HeldSignal {
  return event === 'SIGTERM' || event === 'SIGINT';
}

function nameOf({ event }: Arrival): string {
  return event === 'message' ? `message ${SHUTDOWN_MESSAGE}` : event;
}

/** Dies by the signal, unless the app has found itself a handler by now, which then gets it. */
function raise(signal: HeldSignal): void {
  process.kill(process.pid, signal);
  setTimeout(() => {
    if (process.listenerCount(signal) === 0) process.exit(128 + NUMBERS[signal]);
  }, RAISE_GRACE_MS);
}

export function installSignalGate(): SignalGate {
  const early = takeListeners();
  const own: unknown = Object.hasOwn(process, 'emit') ? Reflect.get(process, 'emit') : undefined;
  // The inherited one is looked up late: `domain` replaces it.
  const below = (self: unknown, event: unknown, args: readonly unknown[]): boolean => {
    const emit: unknown = own ?? Reflect.get(Object.getPrototypeOf(process) as object, 'emit');
    return typeof emit === 'function' && Boolean(Reflect.apply(emit, self, [event, ...args]));
  };
  const gate = new Gate((event, args) => below(process, event, args));
  const value = function emit(this: unknown, event: unknown, ...args: unknown[]): boolean {
    if (this === process && isHeldSignal(event)) return gate.emit(event, args);
    if (event === 'message' && this === process && gate.message(args)) return true;
    return below(this, event, args);
  };
  Object.defineProperty(process, 'emit', { value, writable: true, configurable: true });
  for (const putBack of early) putBack();
  return gate;
}

/** Listeners that were there before us are taken off and put back, so that Node binds them to our emit. */
function takeListeners(): readonly (() => unknown)[] {
  return (['SIGTERM', 'SIGINT'] as const).flatMap((signal) => {
    const listeners = process.rawListeners(signal).filter(isListener);
    for (const listener of listeners) process.removeListener(signal, listener);
    return listeners.map((listener) => () => process.on(signal, listener));
  });
}

/** Whatever `on` took; the wrappers of `once` go back as they are. */
function isListener(listener: unknown): listener is NodeJS.SignalsListener {
  return typeof listener === 'function';
}
