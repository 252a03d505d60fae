/**
 * Owns the options on what comes from config center: values for the app, and changes of our own options.
 * Part of the table of options (schema.ts); data only.
 */
import type { OptionRow } from '../row.js';

const SECONDS_PER_HOUR = 3600;

export const CONFIG_ROWS = [
  {
    path: 'config.import',
    kind: 'list',
    default: undefined,
    unset: 'nothing',
    env: 'NACOS_IMPORT_CONFIG',
    flag: 'import-config',
    doc: 'Configs whose values `nacos-serving run` gives the app as environment variables: `app.yaml?group=orders`, `optional:more.json`; later ones count more, and what the environment has already wins.',
    repeatable: true,
    pattern: /^[^\s]+$/,
    allowed: 'data ids like app.yaml?group=orders or optional:app.yaml',
  },
  {
    path: 'config.import_timeout',
    kind: 'seconds',
    default: 10,
    env: 'NACOS_IMPORT_TIMEOUT',
    flag: 'import-timeout',
    doc: 'The most that the start of the app waits for these configs.',
    min: 0.1,
    max: SECONDS_PER_HOUR,
  },
  {
    path: 'config.watch',
    kind: 'text',
    default: undefined,
    unset: 'none',
    env: 'NACOS_SETTINGS_FROM',
    flag: 'settings-from',
    doc: 'Config that changes these options at run time, where that is safe: `nacos-serving.yaml?group=orders`; see runtime-changes.md.',
    pattern: /^[^\s]+$/,
    allowed: 'a data id like nacos-serving.yaml?group=orders',
  },
] as const satisfies readonly OptionRow[];
