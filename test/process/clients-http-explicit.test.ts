/** The explicit adapters of clients that are built on node:http, without the preload, under the same contract. */
import { clientContract, FETCH_CANNOT } from './client-contract.js';

clientContract({
  driver: 'http-explicit',
  mode: 'explicit',
  errors: {
    abort: { name: 'AbortError', code: 'ABORT_ERR' },
    failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'axios-explicit',
  mode: 'explicit',
  cannot: { repeat: 'it destroys a request whose socket fails' },
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'got-explicit',
  mode: 'explicit',
  cannot: { schemes: 'got refuses every scheme but http and https' },
  errors: {
    abort: { name: 'AbortError', code: 'ERR_ABORTED' },
    failed: { name: 'RequestError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'superagent-explicit',
  mode: 'explicit',
  errors: {
    abort: { name: 'AbortError' },
    failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'node-fetch-explicit',
  mode: 'explicit',
  cannot: { schemes: 'node-fetch refuses every scheme but http and https' },
  errors: {
    abort: { name: 'AbortError' },
    failed: { name: 'FetchError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'needle-explicit',
  mode: 'explicit',
  cannot: { schemes: 'needle takes every scheme but https for a part of a host' },
  errors: {
    abort: { name: 'AbortError' },
    failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
  },
});

clientContract({
  driver: 'axios-fetch-explicit',
  mode: 'explicit',
  cannot: FETCH_CANNOT,
  errors: {
    abort: { name: 'CanceledError', code: 'ERR_CANCELED' },
    failed: { class: 'AxiosError', code: 'ERR_NETWORK' },
  },
});

clientContract({
  driver: 'ky-explicit',
  mode: 'explicit',
  cannot: FETCH_CANNOT,
  errors: {
    abort: { name: 'AbortError' },
    failed: { class: 'TypeError', message: 'fetch failed' },
  },
});
