/**
 * Unmodified apps whose cache folder is on a disk that takes nothing: they call by name and have their configs as ever, and each kind of copy costs one
 * warning. The refusals are those of real file systems.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startNode, type Child } from '../helpers/child.js';
import { aConfigWriter, type ConfigWriter } from '../helpers/config-writer.js';
import { startInstance } from '../helpers/instance-server.js';
import { aScene, type Scene } from '../helpers/scene.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const STEADY = path.join(ROOT, 'test', 'fixtures', 'apps', 'steady-caller', 'app.mjs');
const DROP_ROOT = path.join(ROOT, 'test', 'fixtures', 'hostile', 'drop-root.cjs');

let scene: Scene;
let configs: ConfigWriter;
beforeEach(async () => {
  scene = await aScene('disk');
  configs = aConfigWriter(scene.registry.address);
  await configs.put('app.yaml', 'from: nacos\n');
});
afterEach(async () => {
  await configs[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

/** What stands before the command, and where copies would go. */
interface Disk extends Disposable {
  readonly command: readonly string[];
  readonly dir: string;
}

/** Runs `make` on the folder with a mount of its own there, which only the process sees; no rights are needed for that. */
function mounted(options: string, make = 'true'): Disk {
  const folder = tempFolder({});
  const mount = `mount -t tmpfs -o ${options} none "$0" && (cd "$0" && ${make}) && exec "$@"`;
  return {
    command: ['unshare', '-rm', 'sh', '-c', mount, folder.path, process.execPath],
    dir: folder.path,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function forbidden(): Disk {
  const folder = tempFolder({});
  chmodSync(folder.path, 0o555);
  return {
    // Root may write everywhere.
    command: [process.execPath, '--require', DROP_ROOT],
    dir: path.join(folder.path, 'nacos-serving'),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

const fixed = (dir: string): Disk => ({
  command: [process.execPath],
  dir,
  [Symbol.dispose]: () => undefined,
});

const DISKS: readonly (readonly [name: string, refusal: RegExp, make: () => Disk])[] = [
  ['a folder without the right to write', /EACCES/, forbidden],
  // Real file systems that take no folders, from root neither. What they say differs by system and user.
  ['/proc', /ENOENT|EACCES|EPERM|EROFS/, () => fixed('/proc/nacos-serving')],
  ['/sys', /EPERM|EACCES|EROFS|ENOENT/, () => fixed('/sys/nacos-serving')],
];
/** Some containers and systems give nobody a mount. */
const MOUNTS: typeof DISKS = [
  ['a file system that is mounted read-only', /EROFS/, () => mounted('ro')],
  [
    'a disk that is full',
    /ENOSPC/,
    () => mounted('size=64k', 'dd if=/dev/zero of=full bs=64k count=1 2>/dev/null'),
  ],
];
const probe = mounted('ro');
const [program = '', ...args] = probe.command;
const canMount = spawnSync(program, [...args, '--version']).status === 0;
probe[Symbol.dispose]();

const warnings = (child: Child): readonly string[] =>
  child.lines.filter((line) => /nacos-serving (?:warn|error) /.test(line));

function start({ command, dir }: Disk): Child {
  const [node = '', ...before] = command;
  const url = `http://${scene.service}/`;
  return startNode([...before, CLI, '--import-config', 'app.yaml', STEADY, url], {
    node,
    env: {
      NACOS_SERVER: scene.registry.address,
      NACOS_CACHE_DIR: dir,
      NACOS_LOG_LEVEL: 'debug',
    },
  });
}

describe.each([...DISKS, ...(canMount ? MOUNTS : [])])(
  'with its copies on %s',
  (_, refusal, make) => {
    it('an app has its configs, calls by name, and goes on: one warning for each kind of copy', async () => {
      await using one = await startInstance();
      await using two = await startInstance();
      const at = ({ ip, port }: typeof one) => ({ ip, port });
      await scene.client.naming.register(scene.service, at(one));
      using disk = make();
      await using child = start(disk);
      await child.line(/^answered: 50$/);
      // A change of the list is written anew, and refused again: that is no news.
      await scene.client.naming.deregister(scene.service, at(one));
      await scene.client.naming.register(scene.service, at(two));
      await child.line(/nacos-serving debug lists of instances are not kept on disk: /);
      await vi.waitFor(() => expect(two.received.length).toBeGreaterThan(0));
      child.process.stdin?.end();
      await child.line(/^calls: \d+, failed: 0$/);
      expect(await child.exit()).toEqual({ code: 0, signal: null });
      expect(warnings(child)).toEqual([
        expect.stringMatching(/configs are not kept on disk: /),
        expect.stringMatching(/lists of instances are not kept on disk: /),
      ]);
      for (const warning of warnings(child)) expect(warning).toMatch(refusal);
    });
  },
);
