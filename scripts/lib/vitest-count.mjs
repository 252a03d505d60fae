/**
 * Owns turning one vitest run into honest numbers. A runner that crashed, a file that could not be loaded, a failed
 * `beforeAll`, an error outside of any test, and a run without tests are failures too. Used by test-all.mjs.
 */
import { readFileSync } from 'node:fs';

/**
 * @param {string} reportFile what vitest's JSON reporter wrote, or did not
 * @param {boolean} ok the runner ended with status 0
 * @returns {{ passed: number, failed: number, skipped: number, note?: string }}
 */
export function countVitest(reportFile, ok) {
  let report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    // No report, or half of one: the runner never came to its end.
    return { passed: 0, failed: 1, skipped: 0, note: 'the runner left no report' };
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const tests = file.assertionResults;
    const failed = tests.filter((test) => test.status === 'failed').length;
    const passed = tests.filter((test) => test.status === 'passed').length;
    counts.passed += passed;
    counts.skipped += tests.length - passed - failed;
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
  }
  if (counts.passed + counts.failed === 0) return { ...counts, failed: 1, note: 'no test ran' };
  if (!ok && counts.failed === 0) {
    return { ...counts, failed: 1, note: 'the runner failed outside of any test' };
  }
  return counts;
}
