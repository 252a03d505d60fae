/**
 * Owns `nacos-serving config export`: all configs that match, as files. Called by `config.ts`. A folder that has something in it is refused: what was exported
 * before, and removed since, would look as if it were still there.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { ListedConfig } from '../../config-api.js';
import { ConfigError } from '../../errors.js';
import { makeFolder } from '../../util/make-folder.js';
import type { ExportInvocation } from '../config-args.js';
import type { RegistryAccess } from '../registry-access.js';
import { say } from '../say.js';
import { isFileName, METADATA_FILE, metadataText, type FolderConfig } from './config-folder.js';

const PAGE_SIZE = 100;
/** Contents asked for at the same time. */
const AT_ONCE = 16;

export async function exportConfigs(
  { folder, group, dataId, timeoutMs }: ExportInvocation,
  { config: api, where }: RegistryAccess,
): Promise<number> {
  await prepare(folder);
  const listed: ListedConfig[] = [];
  for (let page = 1, count = 1; listed.length < count; page += 1) {
    const found = await api.list({ group, dataId, page, pageSize: PAGE_SIZE, timeoutMs });
    if (found.configs.length === 0) break;
    listed.push(...found.configs);
    count = found.count;
  }
  const skipped = listed.filter((each) => !isFileName(each.group) || !isFileName(each.dataId));
  const left = listed.filter((each) => !skipped.includes(each));
  const written: FolderConfig[] = [];
  const queue = left.values();
  const worker = async (): Promise<void> => {
    for (const each of queue) {
      const version = await api.get(each.dataId, each.group, { timeoutMs });
      // Removed since it was listed.
      if (version === undefined) continue;
      await makeFolder(path.join(folder, each.group));
      writeFileSync(path.join(folder, each.group, each.dataId), version.content);
      written.push({ group: each.group, dataId: each.dataId, type: version.type });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  written.sort((a, b) => compare(`${a.group}/${a.dataId}`, `${b.group}/${b.dataId}`));
  writeFileSync(path.join(folder, METADATA_FILE), metadataText(written));
  for (const each of skipped) {
    say(`${each.group}/${each.dataId} is left out: it cannot be the name of a file`);
  }
  say(`exported ${String(written.length)} configs of ${where} to ${folder}`);
  return skipped.length === 0 ? 0 : 1;
}

async function prepare(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    if (readdirSync(folder).length === 0) return;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigError('UNREADABLE_FILE', `${folder} cannot be written: ${code}`, {
      cause: error,
    });
  }
  throw new ConfigError('USAGE', `${folder} has something in it: export into a new folder`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
