/**
 * Owns the options on calls by name.
 * Part of the table of options (schema.ts); data only.
 */
import type { OptionRow } from '../row.js';

export const DISCOVERY_ROWS = [
  {
    path: 'discovery.empty_protection',
    kind: 'boolean',
    default: true,
    env: 'NACOS_EMPTY_PROTECTION',
    flag: 'empty-protection',
    doc: 'Keep the last usable instances for a while when the server suddenly lists none.',
  },
] as const satisfies readonly OptionRow[];
