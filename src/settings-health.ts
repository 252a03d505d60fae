/**
 * Owns how what this process follows from config center says how it is, for health and `nacos-serving status`. Settings answer, and the runtime asks; over the
 * live facts, so that a second copy of the package in the process is heard, too.
 */
import { answerLiveFacts, askLiveFacts, type SettingsFact } from './live-facts.js';

/** How one of them is. Holds no value of a setting. */
export type SettingsHealth = Omit<SettingsFact, 'kind'>;

/** From now on it answers, until the function that this gives is called. */
export function announceSettings(health: () => SettingsHealth): () => void {
  return answerLiveFacts((tell) => {
    tell({ kind: 'settings', ...health() });
  });
}

/** In the order in which they came. */
export function settingsHealth(): readonly SettingsHealth[] {
  return askLiveFacts().flatMap((fact) => {
    if (fact.kind !== 'settings') return [];
    const { name, state, problem } = fact;
    return [{ name, state, problem }];
  });
}
