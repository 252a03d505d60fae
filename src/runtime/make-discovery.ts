/**
 * Owns how the options of a process become its discovery. Used by the process runtime at the first call by name, and by the commands of the
 * command line, so that both find the same instances. Loading it loads discovery.
 */
import { createDiscovery, type Discovery } from '../discovery/discovery.js';
import type { Logger } from '../logger.js';
import type { NamingApi } from '../naming-api.js';
import type { ResolvedOptions } from '../options/schema.js';
import { systemClock } from '../util/clock.js';

export function makeDiscovery(
  options: ResolvedOptions,
  parts: { readonly naming: NamingApi; readonly logger: Logger },
): Discovery {
  return createDiscovery({
    ...parts,
    namespace: options.namespace,
    group: options.service.group,
    cluster: options.service.cluster,
    zone: options.service.metadata['zone'],
    emptyProtection: options.discovery.emptyProtection,
    propagate: options.discovery.propagate,
    clock: systemClock,
  });
}
