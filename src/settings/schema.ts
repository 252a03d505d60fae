/**
 * Owns the user's schema: the Standard Schema interface (https://standardschema.dev), and what its answer means. Used by `settings.ts`. Valibot, zod, arktype and others
 * have it; none of them is loaded here.
 */
import type { Effective, EffectiveKey } from './effective.js';
import { formatKey, type KeyPath } from './key-path.js';
import { looksSecret } from './secrets.js';
import { mapLeaves, type SettingsScalar, type SettingsTree } from './tree.js';

/** The part of the interface that is used here. */
export interface SettingsSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Gives the value, or what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers: the value as it made it, or what it does not allow. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema does not allow. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type Checked<T> =
  | { readonly value: T }
  /** One line, safe to be printed. */
  | { readonly problem: string };

const MAX_SHOWN = 5;

/**
 * What a format, a variable or a placeholder could only give as a text is tried as a number or boolean where the schema refuses the text. Never throws for what the
 * schema refuses; what the schema itself throws is a problem, too.
 */
export async function checkBySchema<T>(
  schema: SettingsSchema<unknown, T>,
  effective: Effective,
): Promise<Checked<T>> {
  try {
    const first = await schema['~standard'].validate(copyOf(effective.tree));
    if (first.issues === undefined) return { value: first.value };
    const converted = convertWhereRefused(effective, first.issues);
    if (converted === undefined) return { problem: describe(first.issues, effective) };
    const second = await schema['~standard'].validate(converted);
    if (second.issues === undefined) return { value: second.value };
    return { problem: describe(second.issues, effective) };
  } catch (error) {
    return { problem: `the schema failed: ${error instanceof Error ? error.name : 'it threw'}` };
  }
}

/** A schema may change what it is given. */
function copyOf(tree: SettingsTree): SettingsTree {
  return mapLeaves(tree, (value) => value);
}

function convertWhereRefused(
  effective: Effective,
  issues: readonly SchemaIssue[],
): SettingsTree | undefined {
  const refused = new Set(issues.map((issue) => formatKey(pathOf(issue))));
  let isChanged = false;
  const tree = mapLeaves(effective.tree, (value, key) => {
    if (!refused.has(key) || effective.keys.get(key)?.mayBeConverted !== true) return value;
    const converted = convert(value);
    isChanged ||= converted !== value;
    return converted;
  });
  return isChanged ? tree : undefined;
}

/** Only what would be written the same way again. */
function convert(value: SettingsScalar): SettingsScalar {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && String(Number(text)) === text ? Number(text) : value;
}

function describe(issues: readonly SchemaIssue[], effective: Effective): string {
  const lines = issues.slice(0, MAX_SHOWN).map((issue) => {
    const key = formatKey(pathOf(issue));
    const known = ownerOf(key, effective);
    const where = known === undefined ? '' : ` (${known.source})`;
    // Messages of schemas quote the value.
    const isSecret = looksSecret(key) || quotesSecret(issue.message, effective);
    const message = isSecret ? 'not what the schema allows' : oneLine(issue.message);
    return `${key === '' ? 'the settings' : key}${where}: ${message}`;
  });
  const more = issues.length - lines.length;
  return `${lines.join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}`;
}

/** Of a key whose name says that it is one. Shorter values stand in many a sentence by chance. */
function quotesSecret(message: string, { keys }: Effective): boolean {
  for (const { key, value } of keys.values()) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (text.length > 3 && message.includes(text) && looksSecret(key)) return true;
  }
  return false;
}

function ownerOf(key: string, { keys }: Effective): EffectiveKey | undefined {
  return keys.get(key);
}

function pathOf({ path = [] }: SchemaIssue): KeyPath {
  return path.map((step) => {
    const key = typeof step === 'object' ? step.key : step;
    return typeof key === 'number' ? key : String(key);
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
