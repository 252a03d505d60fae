/**
 * Owns who listens to which config, and under which spelling of the namespace: pushes repeat the listener's own.
 * Used by the config handlers and the change pushes.
 */
import type { ConfigRef } from '../../wire/messages/config.js';

export class ConfigListeners {
  /** Config -> connection id -> tenant as the listener sent it; '' when it sent none. */
  readonly #byConfig = new Map<string, Map<string, string>>();

  add(connectionId: string, ref: ConfigRef, tenant: string): void {
    const text = textOf(ref);
    const listeners = this.#byConfig.get(text) ?? new Map<string, string>();
    listeners.set(connectionId, tenant);
    this.#byConfig.set(text, listeners);
  }

  remove(connectionId: string, ref: ConfigRef): void {
    const text = textOf(ref);
    const listeners = this.#byConfig.get(text);
    listeners?.delete(connectionId);
    if (listeners?.size === 0) this.#byConfig.delete(text);
  }

  dropConnection(connectionId: string): void {
    for (const [text, listeners] of this.#byConfig) {
      listeners.delete(connectionId);
      if (listeners.size === 0) this.#byConfig.delete(text);
    }
  }

  of(ref: ConfigRef): ReadonlyMap<string, string> {
    return new Map(this.#byConfig.get(textOf(ref)));
  }

  clear(): void {
    this.#byConfig.clear();
  }
}

function textOf(ref: ConfigRef): string {
  return `${ref.dataId}+${ref.group}+${ref.namespace}`;
}
