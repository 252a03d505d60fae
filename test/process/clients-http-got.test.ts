/** got and ky under the client contract. */
import { clientContract, FETCH_CANNOT } from './client-contract.js';

// got 15 says that it wants Node 22; it loads on 20 and does there what it should.
for (const driver of ['got', 'got-15']) {
  clientContract({
    driver,
    mode: 'zero-code',
    errors: {
      abort: { name: 'AbortError', code: 'ERR_ABORTED' },
      failed: { name: 'RequestError', code: 'NO_INSTANCE' },
    },
  });
}

// ky 2 says that it wants Node 22; it loads on 20 and does there what it should.
for (const [driver, failed] of [
  ['ky', { class: 'TypeError', message: 'fetch failed' }],
  ['ky-2', { class: 'NetworkError', name: 'NetworkError' }],
] as const) {
  clientContract({
    driver,
    mode: 'zero-code',
    cannot: FETCH_CANNOT,
    errors: {
      abort: { name: 'AbortError' },
      failed,
    },
  });
}
