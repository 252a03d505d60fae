/**
 * undici from npm under the client contract, with the preload and with `nacos-serving/undici`: each version that runs on this Node (8 needs 22.19), each of its ways to call, and
 * dispatchers of every kind. None of these apps calls the global fetch.
 */
import { clientContract, FETCH_CANNOT, type ContractGap } from './client-contract.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const VERSIONS = [6, 7, ...(major > 22 || (major === 22 && minor >= 19) ? [8] : [])];

const NO_REDIRECT = 'redirects are an interceptor of undici';
const NO_CASE = 'a pool has one spelling of its origin';
const CALLS: readonly (readonly [kind: string, cannot: Partial<Record<ContractGap, string>>])[] = [
  ['request', { redirect: NO_REDIRECT }],
  ['fetch', FETCH_CANNOT],
  ['stream', { redirect: NO_REDIRECT }],
  ['pipeline', { redirect: NO_REDIRECT, repeat: 'it has a stream as its body with every method' }],
  ['pool', { redirect: NO_REDIRECT, upperCase: NO_CASE }],
  ['client', { redirect: NO_REDIRECT, upperCase: NO_CASE }],
  ['agent', { redirect: NO_REDIRECT }],
  ['global-after', { redirect: NO_REDIRECT }],
  ['global-before', { redirect: NO_REDIRECT }],
];

for (const version of VERSIONS) {
  for (const [kind, cannot] of CALLS) {
    clientContract({
      driver: `undici-${String(version)}-${kind}`,
      mode: 'zero-code',
      preload: kind !== 'global-before',
      cannot,
      errors: {
        abort: { name: 'AbortError' },
        failed:
          kind === 'fetch'
            ? { class: 'TypeError', message: 'fetch failed' }
            : { name: 'NoInstanceError' },
      },
    });
  }
  clientContract({
    driver: `undici-${String(version)}-explicit`,
    mode: 'explicit',
    cannot: { redirect: NO_REDIRECT },
    errors: { abort: { name: 'AbortError' }, failed: { name: 'NoInstanceError' } },
  });
}
