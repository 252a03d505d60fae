/**
 * Owns how the options of a process become its discovery. Used by the process runtime at the first call by name, and by the commands of the
 * command line, so that both find the same instances. Loading it loads discovery.
 */
import { createDiscovery, type Discovery } from '../discovery/discovery.js';
import type { ReconfigureOptions } from '../discovery/make-settings.js';
import type { CallSettingsInput } from '../discovery/service-options.js';
import type { Logger } from '../logger.js';
import { hostPort } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import type { ResolvedOptions, ServiceInputOptions } from '../options/schema.js';
import { firstContacts } from '../options/connection.js';
import { systemClock } from '../util/clock.js';

export function makeDiscovery(
  options: ResolvedOptions,
  { naming, logger }: { readonly naming: NamingApi; readonly logger: Logger },
): Discovery {
  const { diskCache, cacheDir, failoverDir, unusedAfterMs } = options.discovery;
  return createDiscovery({
    naming,
    logger,
    namespace: options.namespace,
    unusedAfterMs,
    failoverDir,
    cache:
      diskCache && cacheDir !== undefined
        ? { dir: cacheDir, registry: registryOf(options) }
        : undefined,
    group: options.service.group,
    ...callSettingsOf(options),
    firstListTimeoutMs: options.discovery.firstListTimeoutMs,
    propagate: options.discovery.propagate,
    clock: systemClock,
  });
}

/** What may change while it runs: the settings of calls, for all services and for each. */
export function callSettingsOf(options: ResolvedOptions): ReconfigureOptions {
  return {
    ...settingsOf(options.discovery),
    cluster: options.service.cluster,
    zone: options.discovery.zone ?? options.service.metadata['zone'],
    services: Object.fromEntries(
      Object.entries(options.discovery.services).map(([name, { group, clusters, ...own }]) => [
        name,
        { ...settingsOf(own), group, clusters, instances: own.instances, address: own.address },
      ]),
    ),
  };
}

/** Of all services, or of one: the same keys in both places. */
function settingsOf(given: ServiceInputOptions): CallSettingsInput {
  return {
    balancer: given.balancer,
    hashKey: given.hashKey,
    routes: given.routes,
    zone: given.zone,
    sameClusterFirst: given.sameClusterFirst,
    warmUpMs: given.warmUpMs,
    subsetSize: given.subset,
    timeoutMs: given.callTimeoutMs,
    emptyProtection: given.emptyProtection,
    emptyProtectionMs: given.emptyProtectionTimeMs,
    retry: {
      maxRetries: given.retries,
      statuses:
        given.retryStatuses === undefined ? undefined : [given.retryStatuses].flat().map(Number),
      budget: given.retryBudget,
    },
    outlier: {
      enabled: given.ejection,
      consecutiveFailures: given.ejectionFailures,
      errorRate: given.ejectionErrorRate,
      slowMs: given.slowCallMs,
      ejectionMs: given.ejectionTimeMs,
      maxShare: given.ejectionShare,
    },
  };
}

/** The same for all who ask the same servers for the same namespace, in whatever order they name them. */
function registryOf(options: ResolvedOptions): string {
  const { namespace } = options;
  const servers = firstContacts(options).map(hostPortOf).sort();
  return `${namespace}@${servers.join(',')}`;
}

function hostPortOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return hostPort({ ip: host, port });
}
