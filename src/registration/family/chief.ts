/**
 * Owns what the members of this process (cluster workers, worker threads) serve: one stand-in for each address, however many of them
 * listen on it. Loaded by family.cts with the first member. The hub sees stand-ins as it sees servers; nobody but this knows who is behind.
 *
 * A stand-in: up -last member down or gone-> down. When its last serving member is closing it or leaving: closing -out of the
 * registry, callers know-> down; who comes up on the address meanwhile gets a new stand-in after that.
 */
import type { ListeningServer } from '../../process-hub.js';
import { systemClock, type Clock, type Timer } from '../../util/clock.js';
import {
  createDeferred,
  delay,
  runInBackground,
  waitWithin,
  type Deferred,
} from '../../util/deferred.js';
import type { Below, BoundedHold, ChiefEnd, ToChief } from './contract.js';

export interface ChiefOptions {
  readonly hub: {
    serverUp(server: ListeningServer): void;
    serverDown(server: ListeningServer): void;
    serverClosing(server: ListeningServer): Promise<void> | undefined;
  };
  readonly requestSeen: () => void;
  /** Our own leave, under way or through, since the last signal hold was set. */
  readonly leaving: () => Promise<void> | undefined;
  readonly clock?: Clock;
}

export interface Chief extends ChiefEnd {
  /** Tells the members to hold signals as this process does. */
  setHold(hold: BoundedHold | undefined): void;
  /** This process has begun to leave: the bound of everything starts now. */
  leaveBegins(): void;
  /** The app's own handlers have got the signal: what becomes of the members is their business. */
  delivered(): void;
  /** All members finish the requests that they have. Bounded, never rejects. */
  drain(signal: string): Promise<void>;
}

/**
 * A signal for all (Ctrl-C, the end of a container) may reach a member first. So long one that got a signal waits for ours.
 */
const SIGNAL_GRACE_MS = 100;
/** As for a process of its own (shutdown.ts): a member that is still there so long after its signal was not told to end. */
const STAYS_MS = 30_000;
/** As `shutdown.timeout`, for a hold that does not say. */
const DEFAULT_HOLD_MS = 10_000;

interface StandIn {
  readonly server: ListeningServer;
  /** Told to the hub; false while one that came before it on the same address is on its way out. */
  isUp: boolean;
  closing: Promise<void> | undefined;
}

type Place = Pick<ListeningServer, 'scheme' | 'host' | 'port'> & {
  readonly side?: ListeningServer['side'] | undefined;
};

interface Served {
  readonly standIn: StandIn;
  /** The member closes it. */
  ending: boolean;
}

interface MemberState {
  readonly served: Map<number, Served>;
  readonly asked: Map<number, Deferred<void>>;
  leaving: boolean;
  staying: Timer | undefined;
}

export function createChief(options: ChiefOptions): Chief {
  return new FamilyChief(options);
}

class FamilyChief implements Chief {
  readonly #options: ChiefOptions;
  readonly #clock: Clock;
  readonly #members = new Map<Below, MemberState>();
  /** By address: the one that new members join. */
  readonly #standIns = new Map<string, StandIn>();
  /** Addresses of stand-ins on their way out. */
  readonly #closingPlaces = new Set<string>();
  #hold: BoundedHold | undefined;
  #leftAtMs = 0;
  /** Of our own signal. */
  #handedOn: Deferred<void> | undefined;
  #asks = 0;

  constructor(options: ChiefOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  receive(from: Below, message: ToChief): void {
    const member = this.#members.get(from) ?? this.#enter(from);
    switch (message.kind) {
      case 'hello':
        if (this.#hold !== undefined) this.#tellHold(from);
        return;
      case 'up':
        this.#up(member, message.id, message);
        return;
      case 'down':
        this.#down(member, message.id);
        return;
      case 'closing':
        runInBackground(this.#closing(from, member, message));
        return;
      case 'leaving':
        runInBackground(this.#leaving(from, member, message));
        return;
      case 'request':
        this.#options.requestSeen();
        return;
      case 'answer':
        member.asked.get(message.ask)?.resolve();
        return;
    }
  }

  gone(from: Below): void {
    const member = this.#members.get(from);
    if (member === undefined) return;
    this.#members.delete(from);
    member.staying?.cancel();
    for (const id of [...member.served.keys()]) this.#down(member, id);
    for (const asked of member.asked.values()) asked.resolve();
  }

  disconnecting(from: Below): Promise<void> | undefined {
    const served = [...(this.#members.get(from)?.served.values() ?? [])];
    for (const one of served) one.ending = true;
    const out = served.flatMap(({ standIn }) => this.#outUnlessServed(standIn) ?? []);
    return out.length === 0 ? undefined : Promise.all(out).then(() => undefined);
  }

  setHold(hold: BoundedHold | undefined): void {
    const was = this.#hold;
    this.#hold = hold;
    if ((was === undefined) === (hold === undefined) && was?.timeoutMs === hold?.timeoutMs) return;
    for (const below of this.#members.keys()) this.#tellHold(below);
  }

  leaveBegins(): void {
    this.#leftAtMs = this.#clock.nowMs();
    this.#handedOn = createDeferred<void>();
    for (const below of this.#members.keys()) below.send({ kind: 'away' });
  }

  delivered(): void {
    this.#handedOn?.resolve();
  }

  async drain(signal: string): Promise<void> {
    const usedMs = this.#clock.nowMs() - this.#leftAtMs;
    const timeoutMs = Math.max(0, (this.#hold?.timeoutMs ?? DEFAULT_HOLD_MS) - usedMs);
    const drained = [...this.#members].map(([below, member]) => {
      this.#asks += 1;
      const ask = this.#asks;
      const answered = createDeferred<void>();
      member.asked.set(ask, answered);
      below.send({ kind: 'drain', ask, signal, timeoutMs });
      return answered.promise;
    });
    const timeUp = new Error('requests were still in flight');
    const bounds = { clock: this.#clock, timeoutMs, onTimeout: () => timeUp };
    // Out of time: they end with this process, as they would have at once without us.
    await waitWithin(Promise.all(drained), bounds).catch(() => undefined);
  }

  #enter(from: Below): MemberState {
    const member: MemberState = {
      served: new Map(),
      asked: new Map(),
      leaving: false,
      staying: undefined,
    };
    this.#members.set(from, member);
    return member;
  }

  #tellHold(below: Below): void {
    const timeoutMs = this.#hold?.timeoutMs ?? DEFAULT_HOLD_MS;
    below.send({ kind: 'hold', on: this.#hold !== undefined, timeoutMs });
  }

  #up(member: MemberState, id: number, at: Place): void {
    const { scheme, host, port, side } = at;
    const seen = { server: Object.freeze({}), local: undefined, scheme, host, port };
    const place = placeOf(at);
    const present = this.#standIns.get(place);
    const standIn = present ?? {
      server: Object.freeze(side === undefined ? seen : { ...seen, side }),
      isUp: false,
      closing: undefined,
    };
    member.served.set(id, { standIn, ending: false });
    if (present !== undefined) return;
    this.#standIns.set(place, standIn);
    // Never two at once: taking the old one out must not take out the new one with it.
    if (!this.#closingPlaces.has(place)) this.#show(standIn);
  }

  #down(member: MemberState, id: number): void {
    const standIn = member.served.get(id)?.standIn;
    member.served.delete(id);
    if (standIn === undefined || this.#behind(standIn).length > 0) return;
    // One that is on its way out goes down at the end of that.
    if (standIn.closing === undefined) this.#hide(standIn);
  }

  async #closing(
    from: Below,
    member: MemberState,
    { id, ask }: { readonly id: number; readonly ask: number },
  ): Promise<void> {
    const served = member.served.get(id);
    if (served !== undefined) {
      served.ending = true;
      await this.#outUnlessServed(served.standIn);
    }
    from.send({ kind: 'answer', ask });
  }

  async #leaving(
    from: Below,
    member: MemberState,
    { ask, handled }: { readonly ask: number; readonly handled: boolean },
  ): Promise<void> {
    member.leaving = true;
    member.staying?.cancel();
    if (this.#options.leaving() === undefined) await delay(this.#clock, SIGNAL_GRACE_MS);
    const all = this.#options.leaving();
    if (all !== undefined) {
      await all;
      // Without handlers here this process ends next, and its members with it, after they have been drained: one that ended
      // before would be replaced by many an app.
      if (!handled) await this.#handedOn?.promise;
    } else {
      const standIns = [...member.served.values()].map(({ standIn }) => standIn);
      await Promise.all(standIns.flatMap((standIn) => this.#outUnlessServed(standIn) ?? []));
    }
    from.send({ kind: 'answer', ask });
    member.staying = this.#clock.after(STAYS_MS, () => this.#stays(from, member));
  }

  /** What went out of the registry because of its signal comes back. */
  #stays(from: Below, member: MemberState): void {
    member.leaving = false;
    // A hold that is told anew also catches the next signal.
    if (this.#hold !== undefined) this.#tellHold(from);
    for (const [id, { standIn, ending }] of [...member.served]) {
      const isOut = standIn.closing !== undefined && !standIn.isUp;
      if (isOut && !ending) this.#up(member, id, standIn.server);
    }
  }

  /**
   * Takes it out of the registry when nobody is left who goes on serving. The promise, which never rejects, resolves when
   * callers know; undefined when there is nothing to wait for.
   */
  #outUnlessServed(standIn: StandIn): Promise<void> | undefined {
    if (standIn.closing !== undefined) return standIn.closing;
    const serves = this.#behind(standIn).some(([member, { ending }]) => !member.leaving && !ending);
    if (serves || !standIn.isUp) return undefined;
    const out = this.#options.hub.serverClosing(standIn.server);
    if (out === undefined) return undefined;
    standIn.closing = this.#takeOut(standIn, out);
    return standIn.closing;
  }

  async #takeOut(standIn: StandIn, out: Promise<void>): Promise<void> {
    const place = placeOf(standIn.server);
    // Who comes up from now on is not taken out with it.
    if (this.#standIns.get(place) === standIn) this.#standIns.delete(place);
    this.#closingPlaces.add(place);
    await out;
    this.#closingPlaces.delete(place);
    this.#hide(standIn);
    const next = this.#standIns.get(place);
    if (next !== undefined) this.#show(next);
  }

  #show(standIn: StandIn): void {
    standIn.isUp = true;
    this.#options.hub.serverUp(standIn.server);
  }

  #hide(standIn: StandIn): void {
    const place = placeOf(standIn.server);
    if (this.#standIns.get(place) === standIn) this.#standIns.delete(place);
    if (!standIn.isUp) return;
    standIn.isUp = false;
    this.#options.hub.serverDown(standIn.server);
  }

  #behind(standIn: StandIn): readonly (readonly [MemberState, Served])[] {
    return [...this.#members.values()].flatMap((member) =>
      [...member.served.values()]
        .filter((served) => served.standIn === standIn)
        .map((served) => [member, served] as const),
    );
  }
}

function placeOf({ host, port }: Pick<ListeningServer, 'host' | 'port'>): string {
  return `${host}|${String(port)}`;
}
