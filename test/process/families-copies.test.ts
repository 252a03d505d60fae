/** Two copies or two versions of the package in one process: the first one registers, once, and the second one yields. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, it } from 'vitest';

import { aFamilyScene, PRELOAD, steps, workersOf, first } from './families-scene.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OTHER_VERSION = '9.8.7';

const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-copies-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The preload of a copy of the built package. */
function aCopy(name: string, version?: string): string {
  const copy = path.join(folder, name);
  mkdirSync(copy, { recursive: true });
  cpSync(path.join(ROOT, 'dist'), path.join(copy, 'dist'), { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(copy, 'package.json'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  if (version !== undefined) {
    for (const file of ['package.json', 'dist/version.js', 'dist/runtime/version.cjs']) {
      const text = readFileSync(path.join(copy, file), 'utf8');
      const changed = text.replace(/(version"?: ?|VERSION = )(['"])[^'"]+\2/i, `$1$2${version}$2`);
      expect(changed).toContain(version);
      writeFileSync(path.join(copy, file), changed);
    }
  }
  return path.join(copy, 'dist/entry/register.cjs');
}

describe('a process with', () => {
  it('two copies of one version registers once and says nothing', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('server.cjs', { env: { LOAD: aCopy('same') } });
    const [, port] = await child.line(/^listening on (\d+)$/);
    await child.line(/ registered /);
    await scene.listed(Number(port));
    child.kill('SIGTERM');
    await child.exit();
    expect(steps(child)).toEqual(['registered', 'deregistered']);
    expect(child.lines.filter((line) => line.includes('yields'))).toEqual([]);
    await scene.listed();
  });

  it.each([
    ['ours first', false],
    ['the other one first', true],
  ])('two versions registers once, and the second one yields: %s', async (_, otherFirst) => {
    await using scene = await aFamilyScene();
    const other = aCopy(`other-${String(otherFirst)}`, OTHER_VERSION);
    const child = scene.start('server.cjs', {
      preload: false,
      env: { LOAD: otherFirst ? `${other},${PRELOAD}` : `${PRELOAD},${other}` },
    });
    const [, port] = await child.line(/^listening on (\d+)$/);
    await child.line(/ registered /);
    await scene.listed(Number(port));
    const yields = child.lines.filter((line) => line.includes('yields'));
    expect(yields).toHaveLength(1);
    expect(yields[0]).toMatch(otherFirst ? /yields to 9\.8\.7$/ : /version 9\.8\.7 .* yields to /);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(steps(child)).toEqual(['registered', 'deregistered']);
  });

  it('another version in its workers than in its primary is one family', async () => {
    await using scene = await aFamilyScene();
    const other = aCopy('workers', OTHER_VERSION);
    const child = scene.start('cluster.cjs', { env: { WORKERS: '2', WORKER_PRELOAD: other } });
    const { port } = first(await workersOf(child, 2));
    await child.line(/ registered /);
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
  });
});
