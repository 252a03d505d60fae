/** node:http and node:https under the client contract, with each kind of agent. */
import { clientContract } from './client-contract.js';

const errors = {
  abort: { name: 'AbortError', code: 'ABORT_ERR' },
  failed: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
};

clientContract({ driver: 'http', mode: 'zero-code', errors });

clientContract({ driver: 'http-keep-alive', mode: 'zero-code', errors });

clientContract({
  driver: 'http-no-agent',
  mode: 'zero-code',
  cannot: { keepAlive: 'each request has an agent of its own' },
  errors,
});
