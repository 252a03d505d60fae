/** axios under the client contract, with both of its adapters. */
import { clientContract, FETCH_CANNOT } from './client-contract.js';

clientContract({
  driver: 'axios',
  mode: 'zero-code',
  cannot: { repeat: 'it destroys a request whose socket fails' },
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'axios-fetch',
  mode: 'zero-code',
  cannot: FETCH_CANNOT,
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'ERR_NETWORK' },
  },
});
