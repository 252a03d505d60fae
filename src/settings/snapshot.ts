/**
 * Owns one state of all settings: made whole of the contents of all sources, checked by the schema, frozen. Made by `settings.ts` for the start and for each change;
 * what cannot be made changes nothing.
 */
import { changedKeys, makeEffective, type Effective, type SourceContent } from './effective.js';
import { checkBySchema, type SettingsSchema } from './schema.js';
import { shown } from './secrets.js';
import type { ExplainedKey } from './settings-options.js';
import { freezePlain, TreeError } from './tree.js';

export interface SnapshotOptions<T> {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly placeholders: boolean;
  readonly schema: SettingsSchema<unknown, T> | undefined;
}

export interface Snapshot<T> {
  readonly value: T;
  readonly effective: Effective;
}

export type MadeSnapshot<T> =
  | { readonly snapshot: Snapshot<T> }
  /** `problem`: one line, safe to be printed. */
  | { readonly code: 'SETTINGS_BROKEN' | 'SETTINGS_INVALID'; readonly problem: string };

/** `contents`: the lowest first. Never rejects. */
export async function makeSnapshot<T>(
  contents: readonly SourceContent[],
  options: SnapshotOptions<T>,
): Promise<MadeSnapshot<T>> {
  let effective: Effective;
  try {
    effective = makeEffective(contents, options);
  } catch (error) {
    if (error instanceof TreeError) return { code: 'SETTINGS_BROKEN', problem: error.message };
    throw error;
  }
  if (options.schema === undefined) {
    // Without a schema nobody but the caller knows what T is, and the default of it is the tree.
    return { snapshot: { value: freezePlain(effective.tree as T), effective } };
  }
  const checked = await checkBySchema(options.schema, effective);
  if ('problem' in checked) return { code: 'SETTINGS_INVALID', problem: checked.problem };
  return { snapshot: { value: freezePlain(checked.value), effective } };
}

export function changedBetween(
  before: Snapshot<unknown>,
  after: Snapshot<unknown>,
): readonly string[] {
  return changedKeys(before.effective, after.effective);
}

export function explainSnapshot({ effective }: Snapshot<unknown>): readonly ExplainedKey[] {
  return [...effective.keys.values()]
    .map(({ key, value, source, hidden }) =>
      Object.freeze({ key, shown: shown(key, value), source, hidden: Object.freeze([...hidden]) }),
    )
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}
