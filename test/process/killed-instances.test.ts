import { expect, it } from 'vitest';

import { killInstances } from '../helpers/killed-instances.js';

it('instances that are killed one after the other under 32 calls in flight fail no idempotent call', async () => {
  const { calls, kills, failures } = await killInstances({
    inFlight: 32,
    calls: 2000,
    kills: 3,
    everyMs: 500,
  });
  expect(failures).toEqual([]);
  expect({ kills: kills >= 3, calls: calls >= 2000 }).toEqual({ kills: true, calls: true });
});
