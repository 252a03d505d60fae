/** Owns one question before the tests that run the built package: is it built? Used by vitest.config.ts. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export function setup(): void {
  const root = path.resolve(import.meta.dirname, '..', '..');
  if (!existsSync(path.join(root, 'dist', 'cli', 'main.js'))) {
    throw new Error('dist is not there: run `npm run build` first (`npm test` does)');
  }
}
