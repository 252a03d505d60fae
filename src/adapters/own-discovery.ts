/**
 * Owns what code of the app may ask of the calls by name of its own process, whichever way they are made: by the hooks or by explicit
 * adapters. Used by users through the package's root. A discovery that code made itself has `stats` of its own.
 */
import type { ServiceStats } from '../diagnostics.js';
import { presentHub } from './hooks.js';

/**
 * Counters of the services that this process has called, or of those with this name: for a scrape, or a page of one's own. Empty before the first
 * call by name.
 */
export function discoveryStats(service?: string): readonly ServiceStats[] {
  // A runtime of an older copy of the package counts nothing.
  const all = presentHub()?.runtime?.discoveryStats ?? [];
  return service === undefined ? all : all.filter((stats) => stats.service === service);
}
