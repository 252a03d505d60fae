/**
 * Runs every bench, one after the other, then writes the page: `npm --prefix bench run all`. Arguments go to each of them. Needs a built
 * product and NACOS_BENCH_SERVER. A bench that breaks does not stop the rest; missed targets are results, not failures.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { CLAIMS } from './lib/claims.mjs';
import { BENCH } from './lib/paths.mjs';

const startedMs = performance.now();
const minutes = (ms) => (ms / 60_000).toFixed(1);
const broken = [];

for (const name of CLAIMS) {
  const beganMs = performance.now();
  if (run(`${name}.mjs`, process.argv.slice(2)) !== 0) broken.push(name);
  console.error(`${name}: ${minutes(performance.now() - beganMs)} min`);
}
if (run('doc.mjs', []) !== 0) broken.push('doc');

console.log(`\nall benches: ${minutes(performance.now() - startedMs)} min`);
if (broken.length > 0) {
  console.log(`broken: ${broken.join(', ')}`);
  process.exitCode = 1;
}

function run(file, args) {
  return spawnSync(process.execPath, [path.join(BENCH, file), ...args], { stdio: 'inherit' })
    .status;
}
