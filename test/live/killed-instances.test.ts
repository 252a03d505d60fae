import { expect, it } from 'vitest';

import { killInstances } from '../helpers/killed-instances.js';

/** What is claimed is claimed for Nacos itself; r-nacos gets a short run of the same. */
const CALLS = process.env['NACOS_TEST_KIND'] === 'r-nacos' ? 5000 : 50_000;

it(`five instances, one killed every 2 s, under 32 calls in flight fail none of ${String(CALLS)} idempotent calls`, async () => {
  const { calls, kills, failures } = await killInstances({
    inFlight: 32,
    calls: CALLS,
    kills: CALLS === 50_000 ? 10 : 3,
    everyMs: 2000,
  });
  process.stdout.write(
    `killed instances: ${String(calls)} calls, ${String(kills)} kills, ${String(failures.length)} failed\n`,
  );
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(CALLS);
}, 600_000);
