import { expect, it } from 'vitest';

import { rollingRestart } from '../helpers/rolling-restart.js';

/** What is claimed is claimed for Nacos itself; r-nacos gets a short run of the same. */
const CALLS = process.env['NACOS_TEST_KIND'] === 'r-nacos' ? 5000 : 50_000;

it(`a rolling restart of three instances under 32 calls in flight fails none of ${String(CALLS)}`, async () => {
  const { calls, restarts, failures } = await rollingRestart({
    inFlight: 32,
    calls: CALLS,
    restarts: CALLS === 50_000 ? 9 : 3,
  });
  process.stdout.write(
    `rolling restart: ${String(calls)} calls, ${String(restarts)} restarts, ${String(failures.length)} failed\n`,
  );
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(CALLS);
}, 600_000);
