/**
 * Owns the shapes that the preload part of a family (family.cts, channels.cts) and its lazily loaded parts (chief.ts, member.ts) share, and
 * what members (cluster workers, worker threads) and their chief (the primary, the main thread) say to each other. Types only.
 *
 * hello -> welcome, and `hold` with each change: from then on the chief registers for the member. up, down: a server of the member. closing,
 * leaving: the member waits for the `answer` before it closes a server or passes a signal on. drain: the member answers when done. away: the next response
 * of each connection is its last.
 */
import type { ListeningServer, SignalHold } from '../../process-hub.js';

export type ToChief =
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'up';
      readonly id: number;
      readonly scheme: 'http' | 'https';
      readonly host: string;
      readonly port: number;
      readonly side: ListeningServer['side'];
    }
  | { readonly kind: 'down'; readonly id: number }
  | { readonly kind: 'closing'; readonly id: number; readonly ask: number }
  /** `handled`: the member's app has a handler for that signal. */
  | { readonly kind: 'leaving'; readonly ask: number; readonly handled: boolean }
  /** The first request of any of its servers. */
  | { readonly kind: 'request' }
  | { readonly kind: 'answer'; readonly ask: number };

export type ToMember =
  | { readonly kind: 'welcome' }
  /** The chief is leaving: callers are to be sent away, until `hold` comes again. */
  | { readonly kind: 'away' }
  /** Signals are held from now on, or no more. */
  | { readonly kind: 'hold'; readonly on: boolean; readonly timeoutMs: number }
  | {
      readonly kind: 'drain';
      readonly ask: number;
      readonly signal: string;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'answer'; readonly ask: number };

/** A process or thread below this one. One object for as long as it lives. */
export interface Below {
  send(message: ToMember): void;
}

export interface ChiefEnd {
  receive(from: Below, message: ToChief): void;
  /** It has ended, or it cannot be reached any more. */
  gone(from: Below): void;
  /** The app disconnects it. undefined: at once; else when the promise settles, which never rejects. */
  disconnecting(from: Below): Promise<void> | undefined;
}

/** The way from a member to its chief. */
export interface Above {
  readonly kind: 'process' | 'thread';
  send(message: ToChief): void;
}

/** What the hub gives. Servers that come up here are registered by this process. */
export interface FamilyHost {
  /** Servers are registered as they listen. */
  isAutomatic(): boolean;
  /** Loads the runtime. */
  load(): void;
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  serverClosing(server: ListeningServer): Promise<void> | undefined;
  /** The first request of a member. Called any number of times. */
  requestSeen(): void;
  /** To the signal gate. */
  setSignalHold(hold: SignalHold | undefined): void;
}

/** A signal hold that says how long everything from the signal on may take; those below keep to it. Default 10,000. */
export interface BoundedHold extends SignalHold {
  readonly timeoutMs?: number;
}
