/**
 * Owns what code of the app may ask of, and set for, the calls by name of its own process, whichever way they are made: by the hooks or by explicit
 * adapters. Used by users through the package's root. A discovery that code made itself has `stats` of its own.
 */
import type { ServiceStats } from '../diagnostics.js';
import type { Ejection } from '../ejection.js';
import type { RouteRule } from '../route-rule.js';
import { findHub, presentHub } from './hooks.js';

/**
 * Counters of the services that this process has called, or of those with this name: for a scrape, or a page of one's own. Empty before the first
 * call by name.
 */
export function discoveryStats(service?: string): readonly ServiceStats[] {
  // A runtime of an older copy of the package counts nothing.
  const all = presentHub()?.runtime?.discoveryStats ?? [];
  return service === undefined ? all : all.filter((stats) => stats.service === service);
}

/**
 * Other routes for a service that this process calls by name, whichever way: in place of those of its options and of all that were set before. No
 * rules: calls go anywhere. Resolves when they hold for the next call.
 *
 *     await setRoutes('orders', [
 *       { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'unlabelled' },
 *     ]);
 */
export async function setRoutes(service: string, rules: readonly RouteRule[]): Promise<void> {
  const runtime = await findHub().load();
  await runtime?.setRoutes(service, rules);
}

/** Instances of a service that calls of this process are kept off, because calls to them failed. See docs/retries.md. */
export function ejectedInstances(service: string): readonly Ejection[] {
  // A runtime of an older copy of the package cannot tell.
  return presentHub()?.runtime?.ejected?.(service) ?? [];
}

/** Calls of this process go to all instances again, of one service or of all, as if none had failed. */
export function resetEjections(service?: string): void {
  presentHub()?.runtime?.resetEjections?.(service);
}
