/**
 * The plugins fit the frameworks' own types: test/types, compiled against the versions that `npm run typecheck` does not see. There
 * it is compiled against the others.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const TYPES = fileURLToPath(new URL('../types', import.meta.url));

it.each([
  ['fastify-4', /\/node_modules\/fastify-4\/fastify\.d\.ts$/m],
  ['nest-12', /\/nest-12\/node_modules\/@nestjs\/core\/index\.d\.ts$/m],
])('%s', (name, host) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [TSC, '-p', `${TYPES}/${name}`, '--listFiles', '--pretty', 'false'],
    { encoding: 'utf8' },
  );
  expect(stdout.split('\n').filter((line) => line.includes('error TS'))).toEqual([]);
  expect(stdout).toMatch(host);
  expect(status).toBe(0);
});
