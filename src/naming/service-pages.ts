/**
 * Owns going through the pages of a list of services. Called by the naming client and by the in-memory one of `nacos-serving/testing`.
 */
import { DEFAULT_GROUP, type ServiceRef } from '../model.js';
import type { ListServicesOptions, NamingApi } from '../naming-api.js';

export const DEFAULT_PAGE_SIZE = 100;

/**
 * Each service once, also when the list shifts while it is read: one that comes or goes meanwhile may be missed. Options as of `listServices`; the time is
 * for each page.
 */
export async function* allServices(
  naming: Pick<NamingApi, 'listServices'>,
  options: ListServicesOptions = {},
): AsyncGenerator<ServiceRef, undefined> {
  const group = options.group ?? DEFAULT_GROUP;
  const told = new Set<string>();
  for (let page = options.page ?? 1; ; page += 1) {
    const { count, names } = await naming.listServices({ ...options, page });
    for (const name of names) {
      if (told.has(name)) continue;
      told.add(name);
      yield Object.freeze({ name, group });
    }
    const pageSize = options.pageSize ?? DEFAULT_PAGE_SIZE;
    // A server that fills no page to the end would be asked for ever otherwise.
    if (names.length === 0 || page * pageSize >= count) return;
  }
}
