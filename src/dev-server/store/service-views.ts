/**
 * Owns what callers see of a service. Real servers keep the list they built for the last push and answer queries from
 * it, so a query right after a change still shows the old list, until the push of that change goes out. Used by
 * every reader of lists; refreshed by the pushes. Source: docs/protocol.md#push (Nacos `ServiceStorage`).
 */
import { textOf, type NamingStore, type ServiceKey, type StoredInstance } from './naming-store.js';

export class ServiceViews {
  readonly #store: NamingStore;
  readonly #seen = new Map<string, readonly StoredInstance[]>();

  constructor(store: NamingStore) {
    this.#store = store;
  }

  /** The list as of the last refresh; the present one when nobody has looked before. */
  instances(key: ServiceKey): readonly StoredInstance[] {
    if (!this.#store.has(key)) {
      this.#seen.delete(textOf(key));
      return [];
    }
    return this.#seen.get(textOf(key)) ?? this.refresh(key);
  }

  refresh(key: ServiceKey): readonly StoredInstance[] {
    const present = this.#store.instances(key);
    if (this.#store.has(key)) this.#seen.set(textOf(key), present);
    return present;
  }

  clear(): void {
    this.#seen.clear();
  }
}
