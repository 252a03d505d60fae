/** Connections that stay, under the client contract, with the preload and by code: WebSockets of ws, and events of the package eventsource. */
import { clientContract, FETCH_CANNOT } from './client-contract.js';

const WITHOUT_BODY = 'it asks with GET';

for (const [driver, mode] of [
  ['ws', 'zero-code'],
  ['ws-explicit', 'explicit'],
] as const) {
  clientContract({
    driver,
    mode,
    okStatus: 101,
    cannot: {
      body: WITHOUT_BODY,
      keepAlive: 'a WebSocket is a connection of its own',
      schemes: 'ws refuses every scheme but ws, wss, http and https',
    },
    errors: {
      abort: { message: 'WebSocket was closed before the connection was established' },
      failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
    },
  });
}

for (const [driver, mode] of [
  ['eventsource', 'zero-code'],
  ['eventsource-explicit', 'explicit'],
] as const) {
  clientContract({
    driver,
    mode,
    cannot: {
      ...FETCH_CANNOT,
      body: WITHOUT_BODY,
      keepAlive: 'a stream is ended by closing its connection',
      abortBefore: 'it asks as soon as it is made, and what is closed has asked',
    },
    errors: {
      abort: { name: 'AbortError' },
      failed: { class: 'TypeError', message: 'fetch failed' },
    },
  });
}
