import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { countVitest } from '../../../scripts/lib/vitest-count.mjs';
import { tempFolder } from './temp-folder.js';

type Status = 'passed' | 'failed' | 'skipped';

function count(
  files: readonly { readonly status: 'passed' | 'failed'; readonly tests: readonly Status[] }[],
  ok: boolean,
): ReturnType<typeof countVitest> {
  const testResults = files.map(({ status, tests }) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  }));
  using folder = tempFolder({ 'report.json': JSON.stringify({ testResults }) });
  return countVitest(path.join(folder.path, 'report.json'), ok);
}

describe('the sum of a test run', () => {
  it('counts what passed, failed and was skipped', () => {
    expect(
      count(
        [
          { status: 'failed', tests: ['passed', 'failed', 'skipped'] },
          { status: 'passed', tests: ['passed'] },
        ],
        false,
      ),
    ).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    expect(
      count(
        [
          { status: 'failed', tests: [] },
          { status: 'passed', tests: ['passed'] },
        ],
        false,
      ),
    ).toMatchObject({ passed: 1, failed: 1 });
  });

  it('counts an error outside of any test as a failure', () => {
    expect(count([{ status: 'passed', tests: ['passed'] }], false)).toMatchObject({ failed: 1 });
  });

  it('counts a run without tests as a failure', () => {
    expect(count([], true)).toMatchObject({ passed: 0, failed: 1, note: 'no test ran' });
    expect(count([{ status: 'passed', tests: ['skipped'] }], true)).toMatchObject({ failed: 1 });
  });

  it('counts a crashed runner as a failure', () => {
    using folder = tempFolder({ 'half.json': '{"testResults": [' });
    const failure = { passed: 0, failed: 1, note: 'the runner left no report' };
    expect(countVitest(path.join(folder.path, 'half.json'), true)).toMatchObject(failure);
    expect(countVitest(path.join(folder.path, 'none.json'), true)).toMatchObject(failure);
  });
});
