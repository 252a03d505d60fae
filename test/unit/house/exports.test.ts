import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { ROOT, runScript, tempFolder } from './temp-folder.js';

/** An empty source for each target of the real map, so that a new subpath needs no line here. */
function emptySources(): Record<string, string> {
  const { exports: map } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    readonly exports: unknown;
  };
  const built = JSON.stringify(map).matchAll(/"\.\/dist\/([^"]+)\.(c?)js"/g);
  return Object.fromEntries(
    [...built].map(([, stem = '', kind = '']) => [`src/${stem}.${kind}ts`, '']),
  );
}

const SOURCES = { ...emptySources(), 'src/runtime/hub.cts': '' };
const MANIFEST = JSON.stringify({ name: 'nacos-serving', version: '1.2.3', exports: {} });

describe('the export list', () => {
  it('writes the map and the version, and then finds nothing stale', () => {
    using folder = tempFolder({ ...SOURCES, 'package.json': MANIFEST });
    expect(runScript('exports.mjs', '--root', folder.path).status).toBe(0);

    const read = (file: string): string => readFileSync(path.join(folder.path, file), 'utf8');
    expect(JSON.parse(read('package.json'))).toMatchObject({
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './register': {
          import: { types: './dist/entry/register.d.ts', default: './dist/entry/register.js' },
          require: { types: './dist/entry/register.d.cts', default: './dist/entry/register.cjs' },
        },
      },
    });
    expect(read('src/version.ts')).toContain("export const VERSION = '1.2.3';");
    expect(read('src/runtime/version.cts')).toContain("export const VERSION = '1.2.3';");
    expect(runScript('exports.mjs', '--check', '--root', folder.path).status).toBe(0);
  });

  it('names everything that is stale or has no source', () => {
    const { 'src/index.ts': _gone, ...others }: Record<string, string> = SOURCES;
    using folder = tempFolder({ ...others, 'package.json': MANIFEST });
    const { status, output } = runScript('exports.mjs', '--check', '--root', folder.path);
    expect(status).toBe(1);
    expect(output).toContain('package.json is stale: run npm run exports');
    expect(output).toContain('src/version.ts is stale');
    expect(output).toContain('src/index.ts is exported but not there');
  });
});
