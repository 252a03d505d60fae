import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';

const START = fileURLToPath(new URL('../../examples/quick-start/start.mjs', import.meta.url));

it('the quick start tells its whole story and ends with the sum and exit code 0', async () => {
  await using demo = startNode([START]);
  demo.process.stdin?.end();
  expect(await demo.exit()).toEqual({ code: 0, signal: null });
  const [, calls, failed] = /^calls: (\d+), failed: (\d+)$/.exec(demo.lines.at(-1) ?? '') ?? [];
  expect(Number(calls)).toBeGreaterThan(50);
  // Only what was in flight at the kill -9 may fail: four callers.
  expect(Number(failed)).toBeLessThanOrEqual(4);
  for (const name of ['A', 'B', 'C']) {
    expect(demo.lines).toContainEqual(expect.stringMatching(`call \\d+: provider ${name} on port`));
  }
});
