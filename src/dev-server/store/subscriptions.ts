/**
 * Owns who wants to be told of which service. One subscriber per connection and service: a second subscription with
 * other clusters replaces the first (trap 11). Used by the naming handlers and the pushes.
 */
import { textOf, type ServiceKey } from './naming-store.js';

export class Subscriptions {
  /** Service -> connection id -> cluster filter as sent. */
  readonly #byService = new Map<string, Map<string, string>>();

  /** True when the connection was not subscribed to the service before. */
  add(connectionId: string, key: ServiceKey, clusters: string): boolean {
    const text = textOf(key);
    const subscribers = this.#byService.get(text) ?? new Map<string, string>();
    const isNew = !subscribers.has(connectionId);
    subscribers.set(connectionId, clusters);
    this.#byService.set(text, subscribers);
    return isNew;
  }

  remove(connectionId: string, key: ServiceKey): void {
    const text = textOf(key);
    const subscribers = this.#byService.get(text);
    subscribers?.delete(connectionId);
    if (subscribers?.size === 0) this.#byService.delete(text);
  }

  dropConnection(connectionId: string): void {
    for (const [text, subscribers] of this.#byService) {
      subscribers.delete(connectionId);
      if (subscribers.size === 0) this.#byService.delete(text);
    }
  }

  /** Connection id -> cluster filter of all who want this service. */
  of(key: ServiceKey): ReadonlyMap<string, string> {
    return new Map(this.#byService.get(textOf(key)));
  }

  clear(): void {
    this.#byService.clear();
  }
}
