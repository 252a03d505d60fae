import path from 'node:path';

import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

import { ROOT } from './temp-folder.js';

/** The repository's own rules without those that need types, so that a file need not exist. */
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfigFile: path.join(ROOT, 'eslint.config.js'),
  overrideConfig: [
    {
      ...tseslint.configs.disableTypeChecked,
      languageOptions: { parserOptions: { project: null } },
    },
  ],
});

async function rulesBroken(file: string, code: string): Promise<string[]> {
  const results = await eslint.lintText(`${code}\n`, { filePath: path.join(ROOT, file) });
  return results.flatMap((result) => result.messages.map((message) => message.ruleId ?? 'fatal'));
}

const PROPERTIES = 'no-restricted-properties';

describe('the lint rules on what a file may touch', () => {
  it.each([
    ['src/naming/a.ts', 'export const a = process.env;', PROPERTIES],
    ['src/cli/a.ts', 'export const a = process.env;', undefined],
    ['src/options/env.ts', 'export const a = process.env;', undefined],
    ['src/options/load.ts', 'export const a = process.cwd();', PROPERTIES],
    ['src/runtime/a.ts', "process.once('SIGTERM', () => undefined);", PROPERTIES],
    ['src/registration/shutdown.ts', "process.once('SIGTERM', () => undefined);", undefined],
    ['src/registration/shutdown.ts', 'export const a = process.env;', PROPERTIES],
    ['src/naming/a.ts', 'export const a = Date.now();', PROPERTIES],
    ['src/naming/a.ts', 'export const a = new Date();', 'no-restricted-syntax'],
    ['src/naming/a.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    [
      'src/naming/a.ts',
      "import { setTimeout } from 'node:timers/promises';",
      'no-restricted-imports',
    ],
    ['src/util/clock.ts', 'setTimeout(() => Date.now(), 1);', undefined],
    ['src/naming/a.ts', 'export const a = globalThis;', 'no-restricted-globals'],
    ['src/entry/a.cts', 'setTimeout(() => process.exit(), Date.now());', undefined],
    ['src/entry/a.cts', 'Object.assign(globalThis, process.env);', undefined],
    ['src/registration/signal-gate.cts', 'setTimeout(() => process.exit(), 1);', undefined],
    ['src/registration/listen-trigger.cts', 'process.exit();', PROPERTIES],
    ['src/naming/a.ts', 'console.log(1);', 'no-console'],
    ['src/cli/a.ts', 'console.log(1);', undefined],
    ['src/naming/a.ts', 'export default 1;', 'no-restricted-syntax'],
    ['src/index.ts', "export * from './model.js';", 'no-restricted-syntax'],
    [
      'src/naming/a.ts',
      'const a = await Promise.resolve(1); export { a };',
      'no-restricted-syntax',
    ],
    ['test/unit/a.test.ts', "it.only('a', () => undefined);", 'no-restricted-syntax'],
    ['test/unit/a.test.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ])('%s: %s', async (file, code, rule) => {
    const broken = await rulesBroken(file, code);
    const ofInterest = broken.filter((id) => id.startsWith('no-restricted') || id === 'no-console');
    expect(ofInterest).toEqual(rule === undefined ? [] : [rule]);
    expect(broken).not.toContain('fatal');
  });
});
