/**
 * Owns installing the apps of test/fixtures/heavy, each from its own lockfile. Run by `node scripts/test-all.mjs --heavy`, which
 * then runs the tests of them; nothing else needs them. Its exit status is 1 when one cannot be installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { ROOT } from './lib/root.mjs';

const HEAVY = path.join(ROOT, 'test', 'fixtures', 'heavy');

for (const name of readdirSync(HEAVY)) {
  const cwd = path.join(HEAVY, name);
  if (!existsSync(path.join(cwd, 'package-lock.json'))) continue;
  // Without scripts: nothing in there is compiled, and what it loads by itself is there as a package.
  const words = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd, encoding: 'utf8' });
  if (status === 0) continue;
  console.error(`${name}: npm ci ended with ${String(status)}\n${stdout}${stderr}`);
  process.exitCode = 1;
}
