import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  claimFolder,
  controlFolders,
  controlSocket,
  foldersToSearch,
  socketsIn,
} from '../../../src/runtime/control-path.js';

const linux = (env: Readonly<Record<string, string>>, uid = 1000) =>
  ({ platform: 'linux', uid, env }) as const;

describe('where a process opens its socket', () => {
  it.each([
    ['nothing is set', {}, ['/tmp/nacos-serving-1000']],
    [
      'there is a runtime folder',
      { XDG_RUNTIME_DIR: '/run/user/1000' },
      ['/run/user/1000/nacos-serving-1000', '/tmp/nacos-serving-1000'],
    ],
    [
      'there is a temp folder as well',
      { XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: '/var/tmp' },
      [
        '/run/user/1000/nacos-serving-1000',
        '/var/tmp/nacos-serving-1000',
        '/tmp/nacos-serving-1000',
      ],
    ],
    ['the temp folder is the usual one', { TMPDIR: '/tmp' }, ['/tmp/nacos-serving-1000']],
    ['a place is no path', { XDG_RUNTIME_DIR: 'run', TMPDIR: '' }, ['/tmp/nacos-serving-1000']],
    [
      'a place is longer than a socket may be',
      { TMPDIR: `/tmp/${'x'.repeat(90)}` },
      ['/tmp/nacos-serving-1000'],
    ],
  ])('%s', (_, env, folders) => {
    expect(controlFolders(linux(env))).toEqual(folders);
  });

  it('is looked for in the folder of the login too, which a service may not know', () => {
    expect(foldersToSearch(linux({}))).toEqual([
      '/tmp/nacos-serving-1000',
      '/run/user/1000/nacos-serving-1000',
    ]);
  });

  it('is a pipe on Windows', () => {
    const around = { platform: 'win32', uid: undefined, env: { TMPDIR: '/tmp' } } as const;
    const [folder = ''] = controlFolders(around);
    expect(controlSocket(folder, 7)).toBe('\\\\.\\pipe\\nacos-serving-7');
    expect(foldersToSearch(around)).toEqual([folder]);
  });
});

describe('the folder', () => {
  let place = '';
  const uid = process.getuid?.();
  beforeEach(() => {
    place = mkdtempSync(path.join(tmpdir(), 'control-path-'));
  });
  afterEach(() => {
    rmSync(place, { recursive: true });
  });

  it('is made for its user alone, and taken as it is the next time', () => {
    const folder = path.join(place, 'own');
    claimFolder(folder, uid);
    claimFolder(folder, uid);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is refused when it belongs to somebody else', () => {
    const folder = path.join(place, 'own');
    claimFolder(folder, uid);
    writeFileSync(path.join(folder, '1.sock'), '');
    const other = (uid ?? 0) + 1;
    expect(() => claimFolder(folder, other)).toThrow('is not a folder of this user alone');
    expect(socketsIn(folder, other)).toEqual([]);
  });

  it('is refused when others may enter', () => {
    const folder = path.join(place, 'own');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    expect(() => claimFolder(folder, uid)).toThrow('is not a folder of this user alone');
    expect(socketsIn(folder, uid)).toEqual([]);
  });

  it('is refused when it is a link, or no folder', () => {
    claimFolder(path.join(place, 'real'), uid);
    const link = path.join(place, 'link');
    symlinkSync(path.join(place, 'real'), link);
    const file = path.join(place, 'file');
    writeFileSync(file, '');
    expect(() => claimFolder(link, uid)).toThrow('is not a folder of this user alone');
    expect(() => claimFolder(file, uid)).toThrow('is not a folder of this user alone');
  });

  it('is not made where what is above it is missing', () => {
    const above = path.join(place, 'missing');
    expect(() => claimFolder(path.join(above, 'own'), uid)).toThrow('ENOENT');
    expect(socketsIn(path.join(above, 'own'), uid)).toEqual([]);
  });

  it('shows the pids of its sockets, and nothing of other files', () => {
    const folder = path.join(place, 'own');
    claimFolder(folder, uid);
    for (const name of ['12.sock', '7.sock', 'x.sock', '7.sock.old', 'nacos-serving-9']) {
      writeFileSync(path.join(folder, name), '');
    }
    expect([...socketsIn(folder, uid)].sort((one, other) => one - other)).toEqual([7, 12]);
  });
});
