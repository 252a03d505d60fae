/** The global fetch with the preload, and that of `nacos-serving/fetch`, under the client contract. */
import { clientContract, FETCH_CANNOT } from './client-contract.js';

for (const [driver, mode] of [
  ['fetch', 'zero-code'],
  ['fetch-explicit', 'explicit'],
] as const) {
  clientContract({
    driver,
    mode,
    cannot: FETCH_CANNOT,
    errors: {
      abort: { name: 'AbortError' },
      failed: { class: 'TypeError', message: 'fetch failed' },
    },
  });
}
