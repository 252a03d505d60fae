/**
 * Owns the explicit adapter of ky: options for `ky.extend` or `ky.create` with a fetch that knows services. ky's own retries and hooks stay as they are.
 */
import type { Options } from 'ky';

import type { CallSourceOptions } from './call-source.js';
import { createFetch } from './fetch.js';

/**
 * @example
 * const client = ky.extend(withDiscovery());
 * const orders = await client('http://orders/today').json();
 */
export function withDiscovery(options: CallSourceOptions = {}): Options {
  return { fetch: createFetch(options) };
}
