/**
 * Owns running the tests of whole processes with another Node than the one of the shell: `node scripts/test-node.mjs PATH-TO-NODE
 * [words for vitest]`. The tests, the apps that they start and every `#!/usr/bin/env node` below them are run by that Node. Without
 * words: the kinds `process` and `package`. Needs `npm run build` before; the exit status is that of vitest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ROOT } from './lib/root.mjs';

const [given, ...words] = process.argv.slice(2);
if (given === undefined) {
  console.error('usage: node scripts/test-node.mjs PATH-TO-NODE [words for vitest]');
  process.exit(2);
}
const node = path.resolve(given);
const { resolve } = createRequire(path.join(ROOT, 'package.json'));
const vitest = path.join(path.dirname(resolve('vitest/package.json')), 'vitest.mjs');
const what = words.length > 0 ? words : ['--project', 'process', '--project', 'package'];

// Under the name `node` and first in PATH, for whatever is started by name.
const bin = mkdtempSync(path.join(tmpdir(), 'nacos-serving-node-'));
symlinkSync(node, path.join(bin, 'node'));
const { error, status } = spawnSync(node, [vitest, 'run', ...what], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` },
});
rmSync(bin, { recursive: true, force: true });
if (error !== undefined) console.error(`${given} cannot be started: ${error.message}`);
process.exitCode = status ?? 1;
