import { statSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { makeFolder } from '../../../src/util/make-folder.js';
import { tempFolder } from '../house/temp-folder.js';

it('makes a folder with those above it, all with its mode, and is content with one that is there', async () => {
  using temp = tempFolder({});
  const folder = path.join(temp.path, 'a', 'b', 'c');
  await makeFolder(folder, 0o700);
  await makeFolder(folder, 0o700);
  for (const made of ['a', 'a/b', 'a/b/c']) {
    const { mode } = statSync(path.join(temp.path, made));
    expect(mode & 0o777).toBe(0o700);
  }
});

it('may be asked by many at once', async () => {
  using temp = tempFolder({});
  const folder = path.join(temp.path, 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder)));
  expect(statSync(folder).isDirectory()).toBe(true);
});

it('says what is in the way, and where', async () => {
  using temp = tempFolder({ file: '' });
  const file = path.join(temp.path, 'file');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST', path: file });
  const below = path.join(file, 'a', 'b');
  await expect(makeFolder(below)).rejects.toMatchObject({ code: 'ENOTDIR', path: below });
});

// Node's own goes round for ever there.
it.each(['/proc/nacos-serving', '/proc/nacos-serving/a/b'])(
  'ends where a file system does not hold folders: %s',
  async (folder) => {
    await expect(makeFolder(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|EACCES|EPERM|EROFS/) as string,
      path: expect.stringMatching(/^\/proc/) as string,
    });
  },
);
