/** superagent, node-fetch and needle under the client contract. */
import { clientContract } from './client-contract.js';

clientContract({
  driver: 'superagent',
  mode: 'zero-code',
  cannot: { keepAlive: 'it asks for `agent: false` unless it is given an agent' },
  errors: {
    abort: { name: 'AbortError' },
    failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
  },
});

for (const driver of ['node-fetch', 'node-fetch-2']) {
  clientContract({
    driver,
    mode: 'zero-code',
    errors: {
      abort: { name: 'AbortError' },
      failed: { name: 'FetchError', code: 'NO_INSTANCE' },
    },
  });
}

clientContract({
  driver: 'needle',
  mode: 'zero-code',
  errors: {
    abort: { name: 'AbortError' },
    failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
  },
});
