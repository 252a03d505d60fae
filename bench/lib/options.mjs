/**
 * Owns the command line of a bench: `--pairs N`, `--save`. Used by every bench. Results are written only when they may be
 * published: with at least 20 pairs of the build of this checkout, or on demand.
 */
import { parseArgs } from 'node:util';

export const PUBLISHED_PAIRS = 20;

export function benchOptions(defaultPairs = PUBLISHED_PAIRS) {
  const { values } = parseArgs({
    options: { pairs: { type: 'string' }, save: { type: 'boolean' } },
  });
  const pairs = Number(values.pairs ?? defaultPairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs must be a whole number');
  const isOwnBuild = process.env.NACOS_BENCH_DIST === undefined;
  return { pairs, save: values.save ?? (isOwnBuild && pairs >= PUBLISHED_PAIRS) };
}
