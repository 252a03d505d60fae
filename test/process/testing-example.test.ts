/** The example of unit tests over the in-memory registry, as it stands: its own tests pass, and end the process by themselves. */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/testing/app', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = installedFolder({}, (to) => {
    cpSync(EXAMPLE, to, { recursive: true });
  });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('examples/testing/app: npm test', async () => {
  await using child = startNode(['--test', '--test-reporter=tap'], { cwd: folder });
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.lines).toContain('# pass 4');
  expect(child.lines).toContain('# fail 0');
});
