/**
 * Owns the options on calls by name.
 * Part of the table of options (schema.ts); data only.
 */
import { ROUTING_NAME } from '../../routing-context.js';
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
  {
    path: 'discovery.propagate',
    kind: 'list',
    default: undefined,
    unset: 'none',
    env: 'NACOS_PROPAGATE',
    flag: 'propagate',
    doc: 'Headers of the request that is being served which calls by name hand on, also as W3C baggage.',
    pattern: ROUTING_NAME,
    allowed: 'names of headers, none of those that frame a message',
  },
] as const satisfies readonly OptionRow[];
