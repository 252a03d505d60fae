import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runScript, tempFolder } from './temp-folder.js';

const SOURCES = {
  'src/index.ts': '',
  'src/entry/register.ts': '',
  'src/entry/register.cts': '',
  'src/adapters/fetch.ts': '',
  'src/adapters/undici.ts': '',
  'src/dev-server/index.ts': '',
  'src/diagnostics.ts': '',
  'src/adapters/grpc.ts': '',
  'src/runtime/hub.cts': '',
  ...Object.fromEntries(
    ['express', 'koa', 'fastify', 'nest', 'hono', 'hapi'].map((name) => [
      `src/adapters/${name}.ts`,
      '',
    ]),
  ),
};
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
    const { 'src/index.ts': _gone, ...others } = SOURCES;
    using folder = tempFolder({ ...others, 'package.json': MANIFEST });
    const { status, output } = runScript('exports.mjs', '--check', '--root', folder.path);
    expect(status).toBe(1);
    expect(output).toContain('package.json is stale: run npm run exports');
    expect(output).toContain('src/version.ts is stale');
    expect(output).toContain('src/index.ts is exported but not there');
  });
});
