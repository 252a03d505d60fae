/** What reading options costs at start-up: no package is loaded unless a YAML file is there. */
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const LOAD = path.resolve(import.meta.dirname, '..', '..', 'dist', 'options', 'load.js');

/** Every file under node_modules that Node has open as a module: CommonJS by its cache; there is no ESM package among ours. */
const SCRIPT = `
const { loadOptions } = require(process.argv[1]);
loadOptions({ env: {}, cwd: process.cwd() });
const packages = Object.keys(require.cache).filter((file) => file.includes('node_modules'));
console.log('packages ' + packages.length);
`;

async function packagesLoaded(files: Readonly<Record<string, string>>): Promise<number> {
  using folder = tempFolder(files);
  await using child = startNode(['--no-warnings', '-e', SCRIPT, LOAD], { cwd: folder.path });
  return Number((await child.line(/^packages (\d+)$/))[1]);
}

describe('reading options', () => {
  it('loads no package without an option file, and none for JSON', async () => {
    expect(await packagesLoaded({})).toBe(0);
    expect(await packagesLoaded({ 'package.json': '{"nacos": {"namespace": "a"}}' })).toBe(0);
    expect(await packagesLoaded({ 'nacos.json': '{}' })).toBe(0);
  });

  it('loads the YAML package for a YAML file', async () => {
    expect(await packagesLoaded({ 'nacos.yaml': 'nacos: {}' })).toBeGreaterThan(0);
  });
});
