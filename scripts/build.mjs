/**
 * Owns the build: `npm run build`. Two compiler runs, because the preload files (`*.cts`) are CommonJS and
 * everything else is ESM; then dist holds what the two wrote and nothing else. It compiles in place, so a
 * process that runs from dist is not pulled away, and a file whose source is gone disappears.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { ROOT } from './lib/root.mjs';

const DIST = path.join(ROOT, 'dist');
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Runs one compiler project and returns the absolute paths of the files it wrote. */
function compile(project) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [TSC, '-p', project, '--listEmittedFiles', '--pretty', 'false'],
    { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const emitted = [];
  for (const line of stdout.split('\n')) {
    if (line.startsWith('TSFILE: ')) emitted.push(path.normalize(line.slice('TSFILE: '.length)));
    else if (line !== '') console.error(line);
  }
  return { ok: status === 0, emitted };
}

/** Removes every file under `folder` that is not in `keep`, and the folders that this empties. */
function removeStale(folder, keep) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      removeStale(file, keep);
      if (readdirSync(file).length === 0) rmdirSync(file);
    } else if (!keep.has(file)) {
      rmSync(file);
    }
  }
}

// The preload files first: that run also writes the modules whose types they name, under looser rules, and
// the second run writes those again as they should be.
const runs = [compile('tsconfig.preload.json'), compile('tsconfig.build.json')];
if (runs.every((run) => run.ok)) {
  removeStale(DIST, new Set(runs.flatMap((run) => run.emitted)));
  const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  for (const file of Object.values(bin)) chmodSync(path.join(ROOT, file), 0o755);
} else {
  process.exitCode = 1;
}
