/**
 * Owns who publishes what: services with one publish record per connection. Used by the naming handlers, the HTTP side
 * and the pushes, which are told of each change. Nothing here knows of sockets or of subscribers.
 * Source: docs/protocol.md#registration (Nacos `ServiceManager`, `ConnectionBasedClient`).
 */
import { DEFAULT_CLUSTER, groupedName, type Instance, type ServiceRef } from '../../model.js';
import type { Clock } from '../../util/clock.js';

export interface StoredInstance extends Instance {
  /** `ip#port#cluster#group@@service` unless the publisher chose one. */
  readonly instanceId: string;
}

/** A service in its namespace. */
export interface ServiceKey {
  readonly namespace: string;
  readonly service: ServiceRef;
}

export interface PageRequest {
  /** 1-based; less counts as 1. */
  readonly page: number;
  readonly pageSize: number;
}

export interface ServiceListPage {
  readonly count: number;
  readonly names: readonly string[];
}

interface ServiceRow {
  readonly key: ServiceKey;
  /** By connection id: one instance or a batch; a batch may be empty. */
  readonly records: Map<string, readonly StoredInstance[]>;
  /** Since when nobody publishes; undefined while somebody does. */
  emptySinceMs: number | undefined;
}

/** Real servers keep the name of an empty service for this long (`EmptyServiceCleaner`). */
const EMPTY_SERVICE_KEPT_MS = 60_000;

export class NamingStore {
  readonly #clock: Clock;
  readonly #rows = new Map<string, ServiceRow>();
  readonly #changeListeners: ((key: ServiceKey) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called after each change of a service's instances. */
  onChange(listener: (key: ServiceKey) => void): void {
    this.#changeListeners.push(listener);
  }

  /** Replaces all that the connection publishes for the service (trap 10). */
  publish(connectionId: string, key: ServiceKey, instances: readonly StoredInstance[]): void {
    const row = this.#rowOf(key);
    row.records.set(connectionId, instances);
    row.emptySinceMs = undefined;
    this.#changed(key);
  }

  /** Drops the connection's record, whatever it held. An unknown one is no error (trap 27). */
  unpublish(connectionId: string, key: ServiceKey): void {
    const row = this.#rows.get(textOf(key));
    if (row !== undefined) this.#drop(row, connectionId);
  }

  /** Drops everything the connection published, at once (trap 25). */
  dropConnection(connectionId: string): void {
    for (const row of this.#rows.values()) this.#drop(row, connectionId);
  }

  /** Every instance of the service; the same row from two connections shows once. */
  instances(key: ServiceKey): readonly StoredInstance[] {
    const row = this.#rows.get(textOf(key));
    if (row === undefined) return [];
    const seen = new Map<string, StoredInstance>();
    for (const instance of [...row.records.values()].flat()) {
      const text = JSON.stringify(instance);
      if (!seen.has(text)) seen.set(text, instance);
    }
    return [...seen.values()];
  }

  has(key: ServiceKey): boolean {
    this.#forgetEmpty();
    return this.#rows.has(textOf(key));
  }

  /** Names of a group, sorted; a name stays for a minute after its last instance. */
  list(namespace: string, group: string, { page, pageSize }: PageRequest): ServiceListPage {
    this.#forgetEmpty();
    const names = [...this.#rows.values()]
      .filter(({ key }) => key.namespace === namespace && key.service.group === group)
      .map(({ key }) => key.service.name)
      .sort();
    const start = (Math.max(1, page) - 1) * pageSize;
    return { count: names.length, names: names.slice(start, start + pageSize) };
  }

  /** Somebody publishes it now; the name alone may stay a little longer. */
  isPublished(key: ServiceKey): boolean {
    return (this.#rows.get(textOf(key))?.records.size ?? 0) > 0;
  }

  /** All that somebody publishes. */
  published(): readonly ServiceKey[] {
    return [...this.#rows.values()].filter(({ records }) => records.size > 0).map(({ key }) => key);
  }

  namespaces(): readonly string[] {
    return [...new Set([...this.#rows.values()].map(({ key }) => key.namespace))].sort();
  }

  /** Forgets all, as a restart does, and tells nobody. */
  clear(): void {
    this.#rows.clear();
  }

  #rowOf(key: ServiceKey): ServiceRow {
    const text = textOf(key);
    const known = this.#rows.get(text);
    if (known !== undefined) return known;
    const row: ServiceRow = { key, records: new Map(), emptySinceMs: undefined };
    this.#rows.set(text, row);
    return row;
  }

  #drop(row: ServiceRow, connectionId: string): void {
    if (!row.records.delete(connectionId)) return;
    if (row.records.size === 0) row.emptySinceMs = this.#clock.nowMs();
    this.#changed(row.key);
  }

  #forgetEmpty(): void {
    const now = this.#clock.nowMs();
    for (const [text, row] of this.#rows) {
      const since = row.emptySinceMs;
      if (since !== undefined && now - since >= EMPTY_SERVICE_KEPT_MS) this.#rows.delete(text);
    }
  }

  #changed(key: ServiceKey): void {
    for (const listener of this.#changeListeners) listener(key);
  }
}

/** `ephemeral` is a matter of the service, and all of ours are; the id is filled in when there is none. */
export function toStored(
  { service }: ServiceKey,
  instance: Instance,
  instanceId: string,
): StoredInstance {
  const cluster = instance.cluster === '' ? DEFAULT_CLUSTER : instance.cluster;
  const generated = `${instance.ip}#${String(instance.port)}#${cluster}#${groupedName(service)}`;
  const id = instanceId === '' ? generated : instanceId;
  return Object.freeze({ ...instance, cluster, ephemeral: true, instanceId: id });
}

/** `namespace@@group@@name`, for maps. */
export function textOf(key: ServiceKey): string {
  return `${key.namespace}@@${groupedName(key.service)}`;
}
