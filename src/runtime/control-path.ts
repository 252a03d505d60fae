/**
 * Owns where the control sockets of a user's processes are: one socket a process, named by its pid, in a folder that only that user can
 * enter. Used by the process that opens one and by the command line that looks for them.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import path from 'node:path';

export interface ControlSurroundings {
  readonly platform: NodeJS.Platform;
  /** undefined on Windows. */
  readonly uid: number | undefined;
  /** XDG_RUNTIME_DIR, then TMPDIR. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `sun_path` of Linux has 108 bytes, that of macOS 104. */
const LONGEST_PATH = 103;
const SUFFIX = '.sock';
const PIPES = '\\\\.\\pipe\\';
const PIPE_PREFIX = 'nacos-serving-';

export function controlFolder({ platform, uid, env }: ControlSurroundings): string {
  if (platform === 'win32') return PIPES;
  const name = `nacos-serving-${String(uid ?? 0)}`;
  const places = [env['XDG_RUNTIME_DIR'], env['TMPDIR'], '/tmp'];
  const fits = places.find(
    (place) =>
      place !== undefined &&
      path.isAbsolute(place) &&
      Buffer.byteLength(path.join(place, name, `9999999${SUFFIX}`)) <= LONGEST_PATH,
  );
  return path.join(fits ?? '/tmp', name);
}

export function controlSocket(folder: string, pid: number): string {
  if (folder === PIPES) return `${PIPES}${PIPE_PREFIX}${String(pid)}`;
  return path.join(folder, `${String(pid)}${SUFFIX}`);
}

/** The pid in the name of a socket of ours; undefined for anything else in the folder. */
export function pidOf(name: string): number | undefined {
  const match = /^(?:nacos-serving-(\d+)|(\d+)\.sock)$/.exec(name);
  return match === null ? undefined : Number(match[1] ?? match[2]);
}

/** Makes the folder, or checks the one that is there: it must be the user's own, and nobody else may enter. @throws Error */
export function claimFolder(folder: string, uid: number | undefined): void {
  if (folder === PIPES) return;
  mkdirSync(folder, { mode: 0o700, recursive: true });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (uid !== undefined && stat.uid !== uid) || (stat.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a folder of this user alone`);
  }
}
