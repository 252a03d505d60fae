/**
 * Owns the view of a subscription through a selector: its list has the selected instances only, and its listener hears when that
 * selection differs. Made by the naming client around a plain subscription, of which the server knows nothing more.
 */
import type { Logger } from '../logger.js';
import { groupedName, type Instance, type ServiceSnapshot } from '../model.js';
import type { SnapshotListener, Subscription, WaitOptions } from '../naming-api.js';
import { asError } from '../util/deferred.js';
import type { InstanceTest } from './selection.js';
import { applyServiceInfo } from './snapshots.js';

export interface SelectedParts {
  /** Follows the whole list. */
  readonly follow: (listener: SnapshotListener) => Subscription;
  readonly test: InstanceTest;
  readonly listener: SnapshotListener | undefined;
  readonly logger: Logger;
}

export function subscribeSelected(parts: SelectedParts): Subscription {
  const { follow, listener } = parts;
  const view = new SelectedView(parts);
  let told: ServiceSnapshot | undefined;
  const inner = follow((whole) => {
    const selected = view.of(whole);
    if (selected === told) return;
    const change = applyServiceInfo(whole.service, told, {
      service: whole.service,
      clusters: '',
      hosts: selected.instances,
      lastRefTime: whole.serverTimeMs,
      reachProtectionThreshold: told?.protectThresholdReached ?? whole.protectThresholdReached,
    });
    told = selected;
    if (change !== undefined) return listener?.(selected, change.diff);
  });
  return {
    service: inner.service,
    get state() {
      return inner.state;
    },
    get snapshot() {
      return inner.snapshot === undefined ? undefined : view.of(inner.snapshot);
    },
    ready: async (bounds?: WaitOptions) => view.of(await inner.ready(bounds)),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

/** The selection of the list seen last; the same object as long as it has the same instances. */
class SelectedView {
  readonly #parts: SelectedParts;
  #whole: ServiceSnapshot | undefined;
  #selected: ServiceSnapshot | undefined;
  #isWarned = false;

  constructor(parts: SelectedParts) {
    this.#parts = parts;
  }

  of(whole: ServiceSnapshot): ServiceSnapshot {
    const before = this.#selected;
    if (before !== undefined && this.#whole === whole) return before;
    this.#whole = whole;
    const instances = whole.instances.filter((instance) => this.#isSelected(instance, whole));
    // An instance that says the same is the same object in both lists (snapshots.ts).
    if (before !== undefined && isSameList(before.instances, instances)) return before;
    const revision = before === undefined ? whole.revision : before.revision + 1;
    this.#selected = Object.freeze({ ...whole, instances: Object.freeze(instances), revision });
    return this.#selected;
  }

  /** What the user's function throws about is not selected. */
  #isSelected(instance: Instance, { service }: ServiceSnapshot): boolean {
    try {
      return this.#parts.test(instance);
    } catch (error) {
      const text = `selector of ${groupedName(service)} failed: ${asError(error).message}`;
      if (!this.#isWarned) this.#parts.logger.error(text);
      this.#isWarned = true;
      return false;
    }
  }
}

function isSameList(one: readonly Instance[], other: readonly Instance[]): boolean {
  return one.length === other.length && one.every((instance, index) => instance === other[index]);
}
