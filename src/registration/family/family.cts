/**
 * Owns the place of this process or thread among those of its app. Made by the hub with the first server, fork or thread. Servers and signals pass
 * through here: a cluster worker or a thread hands its servers to its chief (the primary, the main thread) when that has us
 * too, and a chief hands what it hears from them to its own hub, as stand-ins. Alone, everything goes straight through.
 * chief.ts and member.ts are loaded when there is something for them to do.
 */
import type { ListeningServer } from '../../process-hub.js';
import type { Chief } from './chief.js';
import { listenToChild, listenToThreadsOf, listenToWorkers, openAbove } from './channels.cjs';
import type {
  Above,
  BoundedHold,
  Below,
  ChiefEnd,
  FamilyHost,
  ToChief,
  ToMember,
} from './contract.js';
import type { Member, MemberOptions } from './member.js';

/** What the hub calls. */
export interface Family {
  /** This process has started one, by `cluster` or `fork`. */
  childStarted(child: unknown): void;
  /** This thread has started one. */
  threadStarted(worker: unknown): void;
  /** A server was told to listen. Loads the runtime at once, unless somebody else may register it. */
  starting(): void;
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  serverClosing(server: ListeningServer): Promise<void> | undefined;
  /** Code registers this server here: no chief gets it, or gets it no longer. */
  keep(server: object): void;
  /** What `hub.setSignalHold` gets. */
  setHold(hold: BoundedHold | undefined): void;
}

type FirstRequest = typeof import('../first-request.cjs');

/** As `shutdown.timeout`, for a hold that does not say. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Listens to the workers that are there already; everything else begins with news from the hub. Never throws. */
export function createFamily(host: FamilyHost): Family {
  const family = new OwnFamily(host);
  listenToWorkers(family);
  return family;
}

class OwnFamily implements Family, ChiefEnd {
  readonly #host: FamilyHost;
  readonly #kept = new WeakSet<object>();
  /** undefined until a server is about to listen; null: there is nobody above. */
  #above: Above | null | undefined;
  #member: Member | undefined;
  #memberLoading: Promise<Member | undefined> | undefined;
  #chief: Chief | undefined;
  #chiefLoading: Promise<Chief | undefined> | undefined;
  /** Of the runtime of this process, and of the chief's answer to us. */
  #ownHold: BoundedHold | undefined;
  #memberHold: BoundedHold | undefined;
  /** Both as one, as the gate has it. */
  #hold: BoundedHold | undefined;
  #leaving: Promise<void> | undefined;

  readonly #listenToThread = listenToThreadsOf(this);

  constructor(host: FamilyHost) {
    this.#host = host;
  }

  childStarted(child: unknown): void {
    listenToChild(child, this);
  }

  threadStarted(worker: unknown): void {
    this.#listenToThread(worker);
  }

  starting(): void {
    if (this.#findAbove(true) === null) this.#host.load();
  }

  serverUp(server: ListeningServer): void {
    if (this.#kept.has(server.server) || this.#findAbove() === null) this.#host.serverUp(server);
    else this.#toMember((member) => member.serverUp(server));
  }

  serverDown(server: ListeningServer): void {
    if (this.#kept.has(server.server) || this.#memberLoading === undefined) {
      this.#host.serverDown(server);
    } else this.#toMember((member) => member.serverDown(server));
  }

  serverClosing(server: ListeningServer): Promise<void> | undefined {
    if (this.#kept.has(server.server)) return this.#host.serverClosing(server);
    // One that is not yet handed over is nobody's concern yet.
    if (this.#memberLoading !== undefined) return this.#member?.serverClosing(server);
    return this.#host.serverClosing(server);
  }

  keep(server: object): void {
    if (this.#kept.has(server)) return;
    this.#kept.add(server);
    if (this.#memberLoading !== undefined) this.#toMember((member) => member.keep(server));
  }

  setHold(hold: BoundedHold | undefined): void {
    this.#ownHold = hold;
    this.#joinHolds();
  }

  receive(from: Below, message: ToChief): void {
    // Members of a process that registers nothing by itself are left to themselves.
    if (!this.#host.isAutomatic()) return;
    if (this.#chiefLoading === undefined) {
      this.#chiefLoading = this.#loadChief();
      this.starting();
    }
    if (message.kind === 'hello') from.send({ kind: 'welcome' });
    this.#toChief((chief) => chief.receive(from, message));
  }

  gone(from: Below): void {
    this.#toChief((chief) => chief.gone(from));
  }

  disconnecting(from: Below): Promise<void> | undefined {
    return this.#chief?.disconnecting(from);
  }

  #findAbove(inTime = false): Above | null {
    if (this.#above !== undefined) return this.#above;
    const missed: ToMember[] = [];
    const above = openAbove((message) => {
      if (this.#member === undefined) missed.push(message);
      else guard((member) => member.receive(message), this.#member);
    });
    this.#above = above ?? null;
    if (above === undefined) return null;
    above.send({ kind: 'hello' });
    this.#memberLoading = this.#loadMember({ above, askedInTime: inTime }, missed);
    return above;
  }

  async #loadMember(
    asked: Pick<MemberOptions, 'above' | 'askedInTime'>,
    missed: ToMember[],
  ): Promise<Member | undefined> {
    try {
      const { createMember } = await import('./member.js');
      const member = createMember({
        ...asked,
        host: this.#host,
        watchFirstRequest: (run) =>
          (require('../first-request.cjs') as FirstRequest).watchFirstRequest(run),
        hasHandlers: (signal) => process.listenerCount(signal) > 0,
        setHold: (hold) => {
          this.#memberHold = hold;
          this.#joinHolds();
        },
        drainBelow: async (signal) => {
          this.#chief?.leaveBegins();
          await this.#chief?.drain(signal);
        },
      });
      this.#member = member;
      for (const message of missed.splice(0)) member.receive(message);
      return member;
    } catch {
      // Half a package: the app goes on, and nothing of this process is registered.
      return undefined;
    }
  }

  async #loadChief(): Promise<Chief | undefined> {
    try {
      const { createChief } = await import('./chief.js');
      // Stand-ins pass through here as well: this process may have a chief of its own.
      const chief = createChief({
        hub: this,
        leaving: () => this.#leaving,
        requestSeen: () => this.#host.requestSeen(),
      });
      this.#chief = chief;
      chief.setHold(this.#hold);
      return chief;
    } catch {
      // As above.
      return undefined;
    }
  }

  #toMember(news: (member: Member) => void): void {
    if (this.#member !== undefined) guard(news, this.#member);
    else void this.#memberLoading?.then((member) => guard(news, member));
  }

  #toChief(news: (chief: Chief) => void): void {
    // In the order of coming, also around the moment of being loaded.
    void this.#chiefLoading?.then((chief) => guard(news, chief));
  }

  #joinHolds(): void {
    const holds = [this.#ownHold, this.#memberHold].filter((hold) => hold !== undefined);
    const hold = holds.length > 0 ? this.#join(holds) : undefined;
    this.#hold = hold;
    this.#host.setSignalHold(hold);
    // There is nothing to hold for any more as soon as we are out, but members go on holding until callers know.
    if (hold === undefined && this.#leaving !== undefined) {
      void this.#leaving.then(() => this.#chief?.setHold(this.#hold));
      return;
    }
    // A hold that is set after a leave belongs to an app that stayed alive and is registered again.
    this.#leaving = undefined;
    this.#chief?.setHold(hold);
  }

  #join(holds: readonly BoundedHold[]): BoundedHold {
    let signalOf = '';
    return {
      timeoutMs: Math.max(...holds.map((hold) => hold.timeoutMs ?? DEFAULT_TIMEOUT_MS)),
      leave: (signal) => {
        signalOf = signal;
        this.#chief?.leaveBegins();
        this.#leaving = Promise.all(holds.map((hold) => hold.leave(signal))).then(() => undefined);
        return this.#leaving;
      },
      drain: async () => {
        const below = this.#chief?.drain(signalOf);
        await Promise.all([below, ...holds.map((hold) => hold.drain())]);
      },
      delivered: () => {
        this.#chief?.delivered();
        for (const hold of holds) hold.delivered();
      },
    };
  }
}

/** A defect of ours must not become an error of the app. */
function guard<T>(news: (to: T) => void, to: T | undefined): void {
  try {
    if (to !== undefined) news(to);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error), 'NacosServingWarning');
  }
}
