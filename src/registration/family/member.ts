/**
 * Owns a cluster worker or thread towards its chief. Loaded by family.cts when a server is about to listen there. It asks whether the chief
 * registers for it; when no answer comes, because the chief is without us, this process registers by itself.
 *
 * States: asking -welcome-> led, for ever; asking -no answer in time-> alone, for ever (two may then publish one address, which
 * Nacos shows as one row; changing sides later could lose it).
 */
import type { Server } from 'node:net';

import type { ListeningServer } from '../../process-hub.js';
import { systemClock, type Clock, type Timer } from '../../util/clock.js';
import { createDeferred, waitWithin, type Deferred } from '../../util/deferred.js';
import { createDrain } from '../drain.js';
import type { Above, BoundedHold, FamilyHost, ToMember } from './contract.js';

export interface MemberOptions {
  readonly above: Above;
  /** The chief was asked before the first server was told to listen. */
  readonly askedInTime: boolean;
  readonly host: Pick<FamilyHost, 'load' | 'serverUp' | 'serverDown' | 'serverClosing'>;
  /** Of the app, for this signal. */
  readonly hasHandlers: (signal: string) => boolean;
  readonly watchFirstRequest: (run: () => void) => FirstRequestWatch;
  readonly setHold: (hold: BoundedHold | undefined) => void;
  /** The threads of this process finish their requests as well. Bounded, never rejects. */
  readonly drainBelow: (signal: string) => Promise<void>;
  readonly clock?: Clock;
}

/** As in first-request.cts. */
export interface FirstRequestWatch {
  add(server: Server): void;
}

export interface Member {
  receive(message: ToMember): void;
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  serverClosing(server: ListeningServer): Promise<void> | undefined;
  /** The chief gets this one no longer; it is registered here. */
  keep(server: object): void;
}

/**
 * A primary answers a worker in the order of its asking: who was asked before the worker listened on a shared port has answered when
 * it listens, or never will, like the daemon of pm2. This is for the turns of the loop in between.
 */
const ANSWER_IS_HERE_MS = 20;
/** A primary that is not asked for a socket, and one that is busy with its own start. */
const PRIMARY_ANSWERS_MS = 1000;
/** A main thread starts its threads before it has loaded all of itself. */
const MAIN_THREAD_ANSWERS_MS = 1500;
/** Longer than the chief's own bounds: for one that hangs. */
const OVER_MS = 2000;

export function createMember(options: MemberOptions): Member {
  return new FamilyMember(options);
}

class FamilyMember implements Member {
  readonly #options: MemberOptions;
  readonly #clock: Clock;
  readonly #drain;
  readonly #servers = new Map<object, { readonly id: number; readonly server: ListeningServer }>();
  readonly #asked = new Map<number, Deferred<void>>();
  #state: 'asking' | 'led' | 'alone' = 'asking';
  #timeoutMs = 10_000;
  #draining: Promise<void> | undefined;
  #requests: FirstRequestWatch | undefined;
  #patience: Timer | undefined;
  #ids = 0;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#drain = createDrain(this.#clock);
  }

  receive(message: ToMember): void {
    switch (message.kind) {
      case 'welcome':
        if (this.#state !== 'asking') return;
        this.#state = 'led';
        this.#patience?.cancel();
        this.#requests = this.#options.watchFirstRequest(() => {
          this.#options.above.send({ kind: 'request' });
        });
        for (const { id, server } of this.#servers.values()) this.#tellUp(id, server);
        return;
      case 'hold':
        if (this.#state !== 'led') return;
        if (message.on) this.#drain.keep();
        this.#timeoutMs = message.timeoutMs;
        this.#options.setHold(message.on ? this.#holdOf(message.timeoutMs) : undefined);
        return;
      case 'away':
        this.#drain.sendAway();
        return;
      case 'drain':
        void this.#drainFor(message.ask, message.signal, message.timeoutMs);
        return;
      case 'answer':
        this.#asked.get(message.ask)?.resolve();
        return;
    }
  }

  serverUp(server: ListeningServer): void {
    if (this.#state === 'alone') {
      this.#options.host.serverUp(server);
      return;
    }
    this.#ids += 1;
    this.#servers.set(server.server, { id: this.#ids, server });
    if (server.local !== undefined) this.#drain.watch(server.local);
    if (this.#state === 'asking') this.#giveUpAfter(this.#waitMs(server.local));
    if (this.#state === 'led') this.#tellUp(this.#ids, server);
  }

  serverDown(server: ListeningServer): void {
    const known = this.#servers.get(server.server);
    if (known === undefined) {
      if (this.#state === 'alone') this.#options.host.serverDown(server);
      return;
    }
    this.#servers.delete(server.server);
    if (this.#state === 'led') this.#options.above.send({ kind: 'down', id: known.id });
  }

  serverClosing(server: ListeningServer): Promise<void> | undefined {
    if (this.#state === 'alone') return this.#options.host.serverClosing(server);
    const id = this.#servers.get(server.server)?.id;
    if (this.#state === 'asking' || id === undefined) return undefined;
    if (server.local !== undefined) this.#drain.sendAway(server.local);
    return this.#ask((ask) => this.#options.above.send({ kind: 'closing', id, ask }));
  }

  keep(server: object): void {
    const known = this.#servers.get(server);
    if (known === undefined) return;
    this.serverDown(known.server);
    this.#options.host.serverUp(known.server);
  }

  #tellUp(id: number, { local, scheme, host, port, side }: ListeningServer): void {
    if (local !== undefined) this.#requests?.add(local);
    this.#options.above.send({ kind: 'up', id, scheme, host, port, side });
  }

  #waitMs(server: Server | undefined): number {
    const { above, askedInTime } = this.#options;
    if (above.kind === 'thread') return MAIN_THREAD_ANSWERS_MS;
    return askedInTime && isShared(server) ? ANSWER_IS_HERE_MS : PRIMARY_ANSWERS_MS;
  }

  #giveUpAfter(ms: number): void {
    // What a later server shows can only shorten it.
    if (this.#patience !== undefined && ms > ANSWER_IS_HERE_MS) return;
    this.#patience?.cancel();
    this.#patience = this.#clock.after(ms, () => this.#goAlone());
  }

  #goAlone(): void {
    if (this.#state !== 'asking') return;
    this.#state = 'alone';
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    this.#options.host.load();
    for (const { server } of servers) this.#options.host.serverUp(server);
  }

  #holdOf(timeoutMs: number): BoundedHold {
    return {
      timeoutMs,
      leave: (signal) => {
        this.#drain.sendAway();
        const handled = this.#options.hasHandlers(signal);
        return this.#ask((ask) => this.#options.above.send({ kind: 'leaving', ask, handled }));
      },
      drain: () => this.#drainOnce(timeoutMs),
      // The chief has this time from its answer on.
      delivered: () => undefined,
    };
  }

  async #drainFor(ask: number, signal: string, timeoutMs: number): Promise<void> {
    // An app that has handlers ends its servers itself.
    if (!this.#options.hasHandlers(signal)) {
      await Promise.all([this.#options.drainBelow(signal), this.#drainOnce(timeoutMs)]);
    }
    this.#options.above.send({ kind: 'answer', ask });
  }

  #drainOnce(timeoutMs: number): Promise<void> {
    this.#draining ??= this.#drain.run(timeoutMs);
    return this.#draining;
  }

  /** Resolves with the chief's answer. When that is gone, Node ends a worker; a chief that hangs is not waited for forever. */
  async #ask(send: (ask: number) => void): Promise<void> {
    this.#ids += 1;
    const ask = this.#ids;
    const answered = createDeferred<void>();
    this.#asked.set(ask, answered);
    send(ask);
    const timeUp = new Error('no answer');
    const bounds = { clock: this.#clock, timeoutMs: this.#timeoutMs + OVER_MS };
    await waitWithin(answered.promise, { ...bounds, onTimeout: () => timeUp }).catch(
      () => undefined, // The wait was all there was to it.
    );
    this.#asked.delete(ask);
  }
}

/** Its connections come from the primary: then it has, in place of a socket, a plain object of Node's. */
function isShared(server: Server | undefined): boolean {
  const handle: unknown = server === undefined ? undefined : Reflect.get(server, '_handle');
  return (
    typeof handle === 'object' &&
    handle !== null &&
    Object.getPrototypeOf(handle) === Object.prototype
  );
}
