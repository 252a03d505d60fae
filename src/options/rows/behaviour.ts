/**
 * Owns the options on the connection, leaving and the log.
 * Part of the table of options (schema.ts); data only.
 */
import { LOG_LEVELS } from '../../logger.js';
import type { OptionRow } from '../row.js';

const SECONDS_PER_HOUR = 3600;

export const BEHAVIOUR_ROWS = [
  {
    path: 'heartbeat.interval',
    kind: 'seconds',
    default: 5,
    env: 'NACOS_HEARTBEAT_INTERVAL',
    flag: 'heartbeat-interval',
    doc: 'Time between two probes of the idle connection to Nacos.',
    min: 1,
    max: 15,
  },
  {
    path: 'heartbeat.timeout',
    kind: 'seconds',
    default: 3,
    env: 'NACOS_HEARTBEAT_TIMEOUT',
    flag: 'heartbeat-timeout',
    doc: 'Time a probe may take before the connection counts as broken.',
    min: 0.5,
    max: 15,
  },
  {
    path: 'shutdown.graceful',
    kind: 'boolean',
    default: true,
    env: 'NACOS_GRACEFUL_SHUTDOWN',
    flag: 'graceful-shutdown',
    doc: 'On SIGTERM and SIGINT: leave the registry first, wait, drain, and end as without us.',
  },
  {
    path: 'shutdown.timeout',
    kind: 'seconds',
    default: 10,
    env: 'NACOS_SHUTDOWN_TIMEOUT',
    flag: 'shutdown-timeout',
    doc: 'Bound of the whole shutdown.',
    min: 0,
    max: SECONDS_PER_HOUR,
  },
  {
    path: 'shutdown.deregister',
    kind: 'boolean',
    default: true,
    env: 'NACOS_DEREGISTER_ON_EXIT',
    flag: 'deregister-on-exit',
    doc: 'Take the instance out at the end. Off: the server drops it when the connection is gone.',
  },
  {
    path: 'shutdown.quiet_time',
    kind: 'seconds',
    default: 1,
    env: 'NACOS_QUIET_TIME',
    flag: 'quiet-time',
    doc: 'Go on serving this long after leaving the registry, until callers know; inside the timeout.',
    min: 0,
    max: SECONDS_PER_HOUR,
  },
  {
    path: 'logging.level',
    kind: 'choice',
    default: 'warn',
    unset: 'info under the command line, else warn',
    env: 'NACOS_LOG_LEVEL',
    flag: 'log-level',
    live: true,
    doc: 'Lowest level that is written.',
    choices: LOG_LEVELS,
    aliases: { warning: 'warn', critical: 'error' },
  },
  {
    path: 'logging.file',
    kind: 'file',
    default: undefined,
    unset: 'stderr',
    env: 'NACOS_LOG_FILE',
    flag: 'log-file',
    doc: 'Append the log to this file.',
  },
] as const satisfies readonly OptionRow[];
