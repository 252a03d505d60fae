/**
 * Settings over a config center in memory, with a log that tests read.
 */
import { onTestFinished } from 'vitest';

import type { Logger } from '../../../src/logger.js';
import { createSettings } from '../../../src/settings/settings.js';
import type { Settings, SettingsOptions } from '../../../src/settings/settings-options.js';
import type { SettingsTree } from '../../../src/settings/tree.js';
import { FakeConfig } from '../../helpers/fake-config.js';
import { createFakeClock } from '../../helpers/fake-clock.js';

/** Contents by data id, or by `GROUP/data id`. */
export async function aConfig(contents: Readonly<Record<string, string>>): Promise<FakeConfig> {
  const config = new FakeConfig();
  for (const [id, content] of Object.entries(contents)) {
    const [dataId = '', group = 'DEFAULT_GROUP'] = id.split('/').reverse();
    await config.put(dataId, content, { group });
  }
  return config;
}

export function aLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export async function settingsOf<T = SettingsTree>(
  config: FakeConfig,
  options: Omit<SettingsOptions<T>, 'config'>,
): Promise<Settings<T>> {
  const settings = await createSettings<T>({
    config: config.api,
    logger: aLog(),
    clock: createFakeClock(),
    ...options,
  });
  onTestFinished(() => settings.close());
  return settings;
}

/** Lets everything run that a push set off. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
