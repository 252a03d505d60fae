import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { ROOT } from './temp-folder.js';

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
}

/** The folders that a workspace pattern means; a star stands for one whole segment. */
function foldersOf(pattern: readonly string[]): string[] {
  return pattern.reduce<string[]>(
    (folders, segment) =>
      segment === '*'
        ? folders.flatMap((folder) =>
            subfolders(folder).map((name) => path.posix.join(folder, name)),
          )
        : folders.map((folder) => path.posix.join(folder, segment)),
    ['.'],
  );
}

function subfolders(folder: string): string[] {
  const whole = path.join(ROOT, folder);
  if (!existsSync(whole)) return [];
  return readdirSync(whole, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

describe('package-lock.json', () => {
  const manifest = readJson('package.json') as {
    readonly version: string;
    readonly workspaces: readonly string[];
  };
  const lock = readJson('package-lock.json') as {
    readonly version: string;
    readonly packages: Readonly<Record<string, { readonly resolved?: string }>>;
  };

  it('names no registry, so that an install works behind any mirror', () => {
    const resolved = Object.values(lock.packages).flatMap((entry) => entry.resolved ?? []);
    expect(resolved.filter((target) => target.includes('://'))).toEqual([]);
  });

  it('has the version and every workspace of package.json', () => {
    expect(lock.version).toBe(manifest.version);
    const folders = manifest.workspaces
      .flatMap((pattern) => foldersOf(pattern.split('/')))
      .filter((folder) => existsSync(path.join(ROOT, folder, 'package.json')));
    expect(Object.keys(lock.packages)).toEqual(expect.arrayContaining(folders));
  });
});
