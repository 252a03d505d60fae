/** The global fetch under the client contract. */
import { clientContract } from './client-contract.js';

clientContract({
  driver: 'fetch',
  mode: 'zero-code',
  cannot: { ownHost: 'fetch drops a Host header of its caller' },
  errors: {
    abort: { name: 'AbortError' },
    failed: { class: 'TypeError', message: 'fetch failed' },
  },
});
