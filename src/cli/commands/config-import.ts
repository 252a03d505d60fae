/**
 * Owns `nacos-serving config import`: publishes what lies in a folder. Called by `config.ts`. It looks at everything before it writes anything, and says of each
 * config what became of it.
 */
import type { ConfigApi, ConfigType } from '../../config-api.js';
import { checkContent } from '../../config/config-rules.js';
import { ConfigError } from '../../errors.js';
import type { ImportInvocation } from '../config-args.js';
import type { RegistryAccess } from '../registry-access.js';
import { say } from '../say.js';
import { readFolder, type FolderConfig } from './config-folder.js';

const TYPES: readonly ConfigType[] = [
  ...(['text', 'json', 'yaml', 'properties'] as const),
  ...(['toml', 'xml', 'html', 'unset'] as const),
];

export async function importConfigs(
  { folder, existing, timeoutMs }: ImportInvocation,
  { config: api, where }: RegistryAccess,
): Promise<number> {
  const configs = await compared(folder, api, timeoutMs);
  const changed = configs.filter(({ state }) => state === 'other');
  if (existing === 'refuse' && changed.length > 0) {
    for (const { name } of changed) say(`${name} is there with another content`);
    say(
      `nothing was written; --existing keep leaves these alone, --existing replace replaces them`,
    );
    return 1;
  }
  const counts = { published: 0, same: 0, kept: 0 };
  for (const { name, group, dataId, content, type, state } of configs) {
    if (state === 'same') counts.same += 1;
    else if (state === 'other' && existing === 'keep') counts.kept += 1;
    else {
      const known = TYPES.find((each) => each === type);
      const options = { timeoutMs, ...(known === undefined ? {} : { type: known }) };
      await api.publish(dataId, group, content, options);
      counts.published += 1;
      say(`published ${name}`);
    }
  }
  const { published, same, kept } = counts;
  const sums = [`${String(published)} published`, `${String(same)} the same already`];
  if (kept > 0) sums.push(`${String(kept)} kept`);
  say(`${sums.join(', ')} (${where})`);
  return 0;
}

async function compared(folder: string, api: ConfigApi, timeoutMs: number) {
  const found = [];
  for (const each of readFolder(folder)) {
    checkOne(each);
    const version = await api.get(each.dataId, each.group, { timeoutMs });
    const state =
      version === undefined ? 'new' : version.content === each.content ? 'same' : 'other';
    found.push({ ...each, name: `${each.group}/${each.dataId}`, state } as const);
  }
  return found;
}

/** What would be refused is found before anything is written. @throws ConfigError which names the file */
function checkOne({ group, dataId, content }: FolderConfig & { readonly content: string }): void {
  try {
    checkContent(content);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code, `${group}/${dataId}: ${error.message}`, { cause: error });
  }
}
