/**
 * Owns the list of what this process follows from config center, for health and `nacos-serving status`. Settings put themselves in, and the runtime reads
 * it. It sits under `globalThis[Symbol.for('nacos-serving.settings.1')]`, so that two copies of the package share one list; what is in it is plain.
 */

/** How one of them is, asked anew each time. Holds no value of a setting. */
export interface SettingsHealth {
  /** What is followed: `nacos:app.yaml?group=DEFAULT_GROUP`, several with commas. */
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'closed';
  /** Why, in one line. */
  readonly problem: string | undefined;
}

type Ask = () => SettingsHealth;

const KEY = Symbol.for('nacos-serving.settings.1');

/** From now on it is in the list; returns the function which takes it out. */
export function announceSettings(ask: Ask): () => void {
  const all = listOf() ?? new Set<Ask>();
  Object.defineProperty(globalThis, KEY, { value: all, configurable: true, writable: true });
  all.add(ask);
  return () => {
    all.delete(ask);
  };
}

/** In the order in which they came. */
export function settingsHealth(): readonly SettingsHealth[] {
  return [...(listOf() ?? [])].map((ask) => ask());
}

function listOf(): Set<Ask> | undefined {
  const known: unknown = Reflect.get(globalThis, KEY);
  // Set by nobody but this file, in this copy of the package or another one.
  return known instanceof Set ? (known as Set<Ask>) : undefined;
}
