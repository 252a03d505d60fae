/**
 * Owns the pushes of service lists: when they go out, to whom, and what happens without an ack. Called by the naming
 * handlers and by the store's changes. Changes of one service are merged for `delayMs`; the list is built when it
 * is sent, so the latest state wins. Source: docs/protocol.md#push (Nacos `PushDelayTaskExecuteEngine`).
 */
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import { NOTIFY_SUBSCRIBER_REQUEST } from '../wire/messages/naming.js';
import type { JsonObject } from '../wire/json.js';
import type { Connections } from './connections.js';
import { textOf, type ServiceKey } from './store/naming-store.js';
import type { Subscriptions } from './store/subscriptions.js';

export interface NamingPushParts {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly subscriptions: Subscriptions;
  /** Makes what callers see of a service its present state. */
  readonly refresh: (key: ServiceKey) => void;
  /** The list of a service as seen through a cluster filter. */
  readonly serviceInfo: (key: ServiceKey, clusters: string) => JsonObject;
  /** From the first change of a service to its push. */
  readonly delayMs: number;
}

interface PendingPush {
  readonly key: ServiceKey;
  /** When the oldest of the merged pushes was asked for. */
  readonly sinceMs: number;
  timer: Timer;
  dueMs: number;
  /** Connection ids, or everybody who is subscribed when it is sent. */
  targets: Set<string> | 'all';
}

const ACK_WAIT_MS = 5000;
const RETRY_DELAY_MS = 1000;

export class NamingPushes {
  readonly #parts: NamingPushParts;
  readonly #pending = new Map<string, PendingPush>();

  constructor(parts: NamingPushParts) {
    this.#parts = parts;
  }

  /** Something of the service changed. */
  toAll(key: ServiceKey): void {
    this.#schedule(key, 'all', this.#parts.delayMs);
  }

  /** One subscriber is new, or did not ack. */
  toOne(key: ServiceKey, connectionId: string): void {
    this.#schedule(key, connectionId, this.#parts.delayMs);
  }

  /** Drops what is scheduled. */
  clear(): void {
    for (const push of this.#pending.values()) push.timer.cancel();
    this.#pending.clear();
  }

  /**
   * Merges into what is scheduled for the service: the oldest start is kept, so a change does not wait for the longer
   * delay of a repeat; 'all' swallows single targets.
   */
  #schedule(key: ServiceKey, target: string, delayMs: number): void {
    const text = textOf(key);
    const pending = this.#pending.get(text);
    if (pending === undefined) {
      const sinceMs = this.#parts.clock.nowMs();
      const targets = target === 'all' ? target : new Set([target]);
      const timer = this.#sendAfter(delayMs, text);
      this.#pending.set(text, { key, sinceMs, timer, dueMs: sinceMs + delayMs, targets });
      return;
    }
    if (target === 'all') pending.targets = 'all';
    else if (pending.targets !== 'all') pending.targets.add(target);
    const dueMs = pending.sinceMs + delayMs;
    if (dueMs < pending.dueMs) {
      pending.timer.cancel();
      pending.dueMs = dueMs;
      pending.timer = this.#sendAfter(dueMs - this.#parts.clock.nowMs(), text);
    }
  }

  #sendAfter(delayMs: number, text: string): Timer {
    return this.#parts.clock.after(Math.max(0, delayMs), () => this.#send(text));
  }

  #send(text: string): void {
    const pending = this.#pending.get(text);
    if (pending === undefined) return;
    this.#pending.delete(text);
    const { key, targets } = pending;
    this.#parts.refresh(key);
    for (const [connectionId, clusters] of this.#parts.subscriptions.of(key)) {
      if (targets === 'all' || targets.has(connectionId)) {
        runInBackground(this.#push(key, connectionId, clusters));
      }
    }
  }

  async #push(key: ServiceKey, connectionId: string, clusters: string): Promise<void> {
    const connection = this.#parts.connections.byId(connectionId);
    if (connection === undefined) return;
    const serviceInfo = this.#parts.serviceInfo(key, clusters);
    const body = { module: 'naming', serviceInfo };
    const result = await connection.request(NOTIFY_SUBSCRIBER_REQUEST, body, ACK_WAIT_MS);
    // Without limit, as long as the connection lives.
    if (result === 'failed') this.#schedule(key, connectionId, RETRY_DELAY_MS);
  }
}
