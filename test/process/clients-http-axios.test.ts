/** axios under the client contract, with both of its adapters. */
import { clientContract } from './client-contract.js';

clientContract({
  driver: 'axios',
  mode: 'zero-code',
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'axios-fetch',
  mode: 'zero-code',
  cannot: { ownHost: 'fetch drops a Host header of its caller' },
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'ERR_NETWORK' },
  },
});
