import { expect, it } from 'vitest';

import { rollingRestart } from '../helpers/rolling-restart.js';

it('a rolling restart of three instances under 32 calls in flight fails none of 50,000', async () => {
  const { calls, restarts, failures } = await rollingRestart({
    inFlight: 32,
    calls: 50_000,
    restarts: 9,
  });
  process.stdout.write(
    `rolling restart: ${String(calls)} calls, ${String(restarts)} restarts, ${String(failures.length)} failed\n`,
  );
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(50_000);
}, 600_000);
