/** Owns throw-away folders with given files in them, for the tests of the repository's own scripts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

/** Writes `files` (path -> text) into a new folder; `using` removes it again. */
export function tempFolder(
  files: Readonly<Record<string, string>>,
): Disposable & { readonly path: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-house-'));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return {
    path: folder,
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `scripts/<name>` and gives its status with everything that it said. */
export function runScript(
  name: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'scripts', name), ...args],
    { encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}
