/**
 * Owns which tests exist and how each kind runs. `unit` mirrors src and opens no socket; `integration` talks to our
 * dev server on loopback; `process` starts child processes from dist and `package` installs the packed tarball (both
 * need `npm run build` before). `live` runs against a real server and exists only while NACOS_TEST_SERVER=host:port
 * is set: test/live, and the integration and process files that end in `.live.test.ts`. `heavy` has apps that
 * scripts/test-heavy.mjs installs first, and exists only while NACOS_TEST_HEAVY is set. Nothing is ever tried twice.
 */
import { defineConfig } from 'vitest/config';

interface Kind {
  readonly name: string;
  readonly include: readonly string[];
  /** For one test; hooks get the same. Only tells a hang: a test that is well ends long before, also on a busy machine. */
  readonly timeoutMs: number;
  /** Files that run at the same time. */
  readonly workers: number;
  readonly needsDist?: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'unit', include: ['test/unit/**/*.test.ts'], timeoutMs: 30_000, workers: 2 },
  {
    name: 'integration',
    include: ['test/integration/**/*.test.ts'],
    timeoutMs: 30_000,
    workers: 2,
  },
  {
    name: 'process',
    include: ['test/process/**/*.test.ts'],
    timeoutMs: 60_000,
    workers: 2,
    needsDist: true,
  },
  {
    name: 'package',
    include: ['test/package/**/*.test.ts'],
    timeoutMs: 120_000,
    workers: 1,
    needsDist: true,
  },
  ...(process.env['NACOS_TEST_HEAVY'] === undefined
    ? []
    : [
        {
          name: 'heavy',
          include: ['test/heavy/**/*.test.ts'],
          timeoutMs: 180_000,
          workers: 1,
          needsDist: true,
        },
      ]),
  ...(process.env['NACOS_TEST_SERVER'] === undefined
    ? []
    : [
        {
          name: 'live',
          include: ['test/live/**/*.test.ts', 'test/{integration,process}/**/*.live.test.ts'],
          timeoutMs: 90_000,
          workers: 1,
          needsDist: true,
        },
      ]),
];

export default defineConfig({
  test: {
    allowOnly: false,
    passWithNoTests: false,
    projects: KINDS.map((kind, order) => ({
      test: {
        name: kind.name,
        include: [...kind.include],
        environment: 'node' as const,
        expect: { requireAssertions: true },
        testTimeout: kind.timeoutMs,
        hookTimeout: kind.timeoutMs,
        restoreMocks: true,
        unstubEnvs: true,
        unstubGlobals: true,
        maxWorkers: kind.workers,
        // One kind after the other: two kinds at once would only take each other's cores.
        sequence: { groupOrder: order },
        ...(kind.needsDist === true ? { globalSetup: ['test/package/needs-dist.ts'] } : {}),
      },
    })),
  },
});
