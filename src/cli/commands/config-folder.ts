/**
 * Owns how configs lie in a folder: `GROUP/DATAID` with the content, and `.metadata.yml` with their types, as an export of the Nacos console has
 * them, so that one can be packed for the other. Used by `config export` and `config import`.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../../errors.js';

export const METADATA_FILE = '.metadata.yml';

/** One config of a folder. */
export interface FolderConfig {
  readonly group: string;
  readonly dataId: string;
  readonly type: string;
}

/** Names that Nacos takes, less those that are no name of a file. */
const NAME = /^(?!\.{1,2}$)[a-zA-Z0-9\-_:.]+$/;

export function isFileName(name: string): boolean {
  return NAME.test(name);
}

/** Every value is a JSON text, which is YAML too. */
export function metadataText(configs: readonly FolderConfig[]): string {
  const entries = configs.map(({ group, dataId, type }) =>
    [
      `- appName: ''`,
      `  dataId: ${JSON.stringify(dataId)}`,
      `  desc: ''`,
      `  group: ${JSON.stringify(group)}`,
      `  type: ${JSON.stringify(type)}`,
    ].join('\n'),
  );
  return configs.length === 0 ? 'metadata: []\n' : `metadata:\n${entries.join('\n')}\n`;
}

const ENTRY = /^\s*(?:- )?\s*(dataId|group|type): *(?:"([^"]*)"|'([^']*)'|(\S*)) *$/;

/** The types by `group/dataId`. Reads what the console and {@link metadataText} write, and no other YAML. */
export function readTypes(text: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  for (const part of text.split(/^\s*- /m).slice(1)) {
    const fields: Record<string, string> = {};
    for (const each of part.split('\n')) {
      const [, name, ...values] = ENTRY.exec(each) ?? [];
      if (name !== undefined) fields[name] = values.find((value) => value !== undefined) ?? '';
    }
    const { dataId, group, type } = fields;
    if (dataId !== undefined && group !== undefined && type !== undefined && type !== '') {
      types.set(`${group}/${dataId}`, type);
    }
  }
  return types;
}

/** With its byte order mark, should it have one: what is published is what is there. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What lies in a folder, in order. @throws ConfigError UNREADABLE_FILE */
export function readFolder(
  folder: string,
): readonly (FolderConfig & { readonly content: string })[] {
  const types = readTypes(readText(path.join(folder, METADATA_FILE), ''));
  return subfolders(folder).flatMap((group) =>
    files(path.join(folder, group)).map((dataId) => ({
      group,
      dataId,
      type: types.get(`${group}/${dataId}`) ?? '',
      content: readText(path.join(folder, group, dataId)),
    })),
  );
}

function subfolders(folder: string): readonly string[] {
  return entries(folder).filter(
    (name) => !name.startsWith('.') && statSync(path.join(folder, name)).isDirectory(),
  );
}

function files(folder: string): readonly string[] {
  return entries(folder).filter((name) => statSync(path.join(folder, name)).isFile());
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** `otherwise`: for a file that need not be there. */
function readText(file: string, otherwise?: string): string {
  try {
    return decoder.decode(readFileSync(file));
  } catch (error) {
    if (otherwise !== undefined && codeOf(error) === 'ENOENT') return otherwise;
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): ConfigError {
  if (error instanceof TypeError) {
    return new ConfigError('UNREADABLE_FILE', `${file} is no text in UTF-8`, { cause: error });
  }
  return new ConfigError('UNREADABLE_FILE', `${file} cannot be read: ${codeOf(error)}`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
