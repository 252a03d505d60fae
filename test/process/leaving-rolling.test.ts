import { expect, it } from 'vitest';

import { rollingRestart } from '../helpers/rolling-restart.js';

it('a restart of each of three instances under 16 calls in flight fails no call', async () => {
  const { calls, restarts, failures } = await rollingRestart({
    inFlight: 16,
    calls: 2000,
    restarts: 3,
  });
  expect(failures).toEqual([]);
  expect({ restarts, enough: calls >= 2000 }).toEqual({ restarts: 3, enough: true });
});
