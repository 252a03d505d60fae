/**
 * Owns the grammar of `nacos-serving config`: get, put, watch, rm, import and export. Called by `args.ts`; pure. Of our options it
 * knows those on the registry and on the log; what is given by variables and files counts as ever.
 */
import type { ConfigType } from '../config-api.js';
import type { CliValues } from '../options/env.js';
import { nearestName } from '../options/suggest.js';
import { ALL_ROWS, type FlagRow } from '../options/schema.js';
import { flagTable, usage, type FlagTable } from './flags.js';
import { optionValues, readWords, valueOf, type GivenFlags } from './own-words.js';

export const CONFIG_ACTIONS = ['get', 'put', 'watch', 'rm', 'import', 'export'] as const;
export type ConfigAction = (typeof CONFIG_ACTIONS)[number];

interface Common {
  readonly kind: 'config';
  /** Options of ours that were given as flags. */
  readonly values: CliValues;
  /** Bound of every wait for Nacos. */
  readonly timeoutMs: number;
}
interface OfOne extends Common {
  readonly dataId: string;
  readonly group: string;
  readonly tag: string | undefined;
}
export interface GetInvocation extends OfOne {
  readonly action: 'get';
  readonly json: boolean;
}
export interface PutInvocation extends OfOne {
  readonly action: 'put';
  /** undefined: standard input. */
  readonly file: string | undefined;
  readonly type: ConfigType | undefined;
  readonly casMd5: string | undefined;
  readonly betaIps: readonly string[];
  readonly tags: readonly string[];
  readonly description: string | undefined;
}
export interface RemoveInvocation extends OfOne {
  readonly action: 'rm';
}
export interface WatchInvocation extends Common {
  readonly action: 'watch';
  readonly dataIds: readonly string[];
  readonly group: string;
  readonly json: boolean;
}
export interface ImportInvocation extends Common {
  readonly action: 'import';
  readonly folder: string;
  /** What happens to configs that are there with another content. */
  readonly existing: ExistingPolicy;
}
export interface ExportInvocation extends Common {
  readonly action: 'export';
  readonly folder: string;
  /** Patterns. */
  readonly group: string;
  readonly dataId: string;
}
export type ConfigInvocation =
  | GetInvocation
  | PutInvocation
  | RemoveInvocation
  | WatchInvocation
  | ImportInvocation
  | ExportInvocation;

export const EXISTING_POLICIES = ['refuse', 'keep', 'replace'] as const;
export type ExistingPolicy = (typeof EXISTING_POLICIES)[number];

const TYPES = ['text', 'json', 'yaml', 'properties', 'toml', 'xml', 'html'] as const;

const TIMEOUT: FlagRow = {
  path: 'timeout',
  kind: 'seconds',
  default: 5,
  flag: 'timeout',
  doc: 'Longest wait for Nacos.',
  min: 0.1,
  max: 3600,
};
const GROUP: FlagRow = {
  path: 'group',
  kind: 'text',
  default: 'DEFAULT_GROUP',
  flag: 'group',
  doc: 'Group of the config.',
};
const JSON_FLAG: FlagRow = {
  path: 'json',
  kind: 'boolean',
  default: false,
  flag: 'json',
  doc: 'Print JSON, with md5 and time; watch prints one object a line.',
};
const TAG: FlagRow = {
  path: 'tag',
  kind: 'text',
  default: undefined,
  unset: 'what is for all',
  flag: 'tag',
  doc: 'What is published for this tag only.',
};
const PUT_ONLY: readonly FlagRow[] = [
  {
    path: 'type',
    kind: 'choice',
    default: undefined,
    unset: 'by the ending of the data id, else text',
    flag: 'type',
    doc: 'Type of the content.',
    choices: TYPES,
  },
  {
    path: 'cas_md5',
    kind: 'text',
    default: undefined,
    unset: 'whatever is there is replaced',
    flag: 'cas-md5',
    doc: 'Publish only when the content that is there still has this md5.',
    pattern: /^[0-9a-f]{32}$/,
    allowed: '32 digits and letters from a to f',
  },
  {
    path: 'beta_ips',
    kind: 'list',
    default: undefined,
    unset: 'everybody',
    flag: 'beta-ips',
    doc: 'Publish for clients at these addresses only.',
  },
  {
    path: 'tags',
    kind: 'list',
    default: undefined,
    unset: 'none',
    flag: 'tags',
    doc: 'Labels that the console shows and searches, at most 5.',
  },
  {
    path: 'description',
    kind: 'text',
    default: undefined,
    unset: 'none',
    flag: 'description',
    doc: 'Description that the console shows, at most 128 characters.',
  },
];
const EXISTING: FlagRow = {
  path: 'existing',
  kind: 'choice',
  default: 'refuse',
  flag: 'existing',
  doc: 'What to do when a config is there with another content: refuse stops before anything is written.',
  choices: EXISTING_POLICIES,
};
const GROUP_PATTERN: FlagRow = {
  ...GROUP,
  default: '*',
  doc: 'Groups to export; * stands for any characters.',
};
const DATA_ID_PATTERN: FlagRow = {
  path: 'data_id',
  kind: 'text',
  default: '*',
  flag: 'data-id',
  doc: 'Data ids to export; * stands for any characters.',
};

/** Flags of each action besides those of options. */
export const CONFIG_ROWS: Readonly<Record<ConfigAction, readonly FlagRow[]>> = {
  get: [GROUP, TAG, JSON_FLAG, TIMEOUT],
  put: [GROUP, TAG, ...PUT_ONLY, TIMEOUT],
  watch: [GROUP, JSON_FLAG, TIMEOUT],
  rm: [GROUP, TAG, TIMEOUT],
  import: [EXISTING, TIMEOUT],
  export: [GROUP_PATTERN, DATA_ID_PATTERN, TIMEOUT],
};

/** Options which these commands read, as flags too: where Nacos is, who we are there, and the log. */
export const CONFIG_OPTIONS = ALL_ROWS.filter(
  ({ path }) => !path.includes('.') || /^(logging|tls)\./.test(path),
);

const OWN_PATHS: ReadonlySet<string> = new Set(
  Object.values(CONFIG_ROWS).flatMap((rows) => rows.map(({ path }) => path)),
);

function tableOf(action: ConfigAction): FlagTable {
  const table = new Map(flagTable([...CONFIG_OPTIONS, ...CONFIG_ROWS[action]]));
  const group = table.get('--group');
  if (group !== undefined) table.set('-g', group);
  return table;
}

/** `words` follow `config`. @throws ConfigError USAGE, UNKNOWN_OPTION */
export function parseConfig(words: readonly string[]): ConfigInvocation {
  const [first = '', ...others] = words;
  const action = CONFIG_ACTIONS.find((each) => each === first);
  if (action === undefined) throw noAction(first);
  const { given, rest } = readWords(tableOf(action), `config`, others);
  const common = {
    kind: 'config',
    values: optionValues(given, OWN_PATHS),
    timeoutMs: Number(valueOf(TIMEOUT, given)),
  } as const;
  const json = valueOf(JSON_FLAG, given) === true;
  switch (action) {
    case 'get':
      return { ...common, action, ...oneConfig(action, given, rest), json };
    case 'rm':
      return { ...common, action, ...oneConfig(action, given, rest) };
    case 'put':
      return { ...common, action, ...putOf(given, rest) };
    case 'watch': {
      if (rest.length === 0) throw needsDataId(action);
      return { ...common, action, dataIds: rest, group: textOf(GROUP, given) ?? '', json };
    }
    case 'import': {
      const existing = EXISTING_POLICIES.find((each) => each === valueOf(EXISTING, given));
      return { ...common, action, folder: folderOf(action, rest), existing: existing ?? 'refuse' };
    }
    case 'export': {
      const [group = '*', dataId = '*'] = [GROUP_PATTERN, DATA_ID_PATTERN].map((row) =>
        textOf(row, given),
      );
      return { ...common, action, folder: folderOf(action, rest), group, dataId };
    }
  }
}

function noAction(word: string) {
  const known = `known are ${CONFIG_ACTIONS.join(', ')}`;
  if (word === '') return usage(`config needs an action: ${known}`);
  const nearest = nearestName(word, CONFIG_ACTIONS);
  return usage(
    `unknown action config ${word}: ${nearest === undefined ? known : `did you mean ${nearest}?`}`,
  );
}

function needsDataId(action: ConfigAction) {
  return usage(`config ${action} needs a data id, as in: nacos-serving config ${action} app.yaml`);
}

function oneConfig(action: ConfigAction, given: GivenFlags, rest: readonly string[]) {
  const [dataId, extra] = rest;
  if (dataId === undefined || dataId === '') throw needsDataId(action);
  if (extra !== undefined) throw usage(`config ${action} takes one data id, but got ${extra} too`);
  return { dataId, group: textOf(GROUP, given) ?? '', tag: textOf(TAG, given) };
}

function putOf(given: GivenFlags, rest: readonly string[]) {
  const [dataId = '', file, extra] = rest;
  if (extra !== undefined)
    throw usage(`config put takes a data id and a file, but got ${extra} too`);
  const [type, casMd5, betaIps, tags, description] = PUT_ONLY.map((row) => valueOf(row, given));
  return {
    ...oneConfig('put', given, [dataId]),
    file: file === '-' ? undefined : file,
    type: TYPES.find((each) => each === type),
    casMd5: typeof casMd5 === 'string' ? casMd5 : undefined,
    betaIps: listOf(betaIps),
    tags: listOf(tags),
    description: typeof description === 'string' ? description : undefined,
  };
}

function folderOf(action: ConfigAction, [folder, extra]: readonly string[]): string {
  if (folder === undefined || folder === '') {
    throw usage(`config ${action} needs a folder, as in: nacos-serving config ${action} ./configs`);
  }
  if (extra !== undefined) throw usage(`config ${action} takes one folder, but got ${extra} too`);
  return folder;
}

function textOf(row: FlagRow, given: GivenFlags): string | undefined {
  const value = valueOf(row, given);
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
