/**
 * Owns where the control sockets of a user's processes are: one socket a process, named by its pid, in a folder that only that user can
 * enter. Used by the process that opens one and by the command line that looks for them; both also remove what dead processes left.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';

export interface ControlSurroundings {
  readonly platform: NodeJS.Platform;
  /** undefined on Windows. */
  readonly uid: number | undefined;
  /** XDG_RUNTIME_DIR and TMPDIR count. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `sun_path` of Linux has 108 bytes, that of macOS 104. */
const LONGEST_PATH = 103;
const LONGEST_NAME = '9999999.sock';
const PIPES = '\\\\.\\pipe\\';
/** Of the other users nobody may do anything in the folder. */
const OF_OTHERS = 0o077;

/** Where a process opens its socket: the first of these that it can have. */
export function controlFolders({ platform, uid, env }: ControlSurroundings): readonly string[] {
  if (platform === 'win32') return [PIPES];
  const folders = [env['XDG_RUNTIME_DIR'], env['TMPDIR'], '/tmp'].flatMap((place) =>
    place !== undefined && path.isAbsolute(place) ? [path.join(place, nameOf(uid))] : [],
  );
  return [...new Set(folders)].filter(
    (folder) => Buffer.byteLength(path.join(folder, LONGEST_NAME)) <= LONGEST_PATH,
  );
}

/** Where to look for them. A service has not always the variables of the shell that asks for it. */
export function foldersToSearch(around: ControlSurroundings): readonly string[] {
  const { platform, uid } = around;
  if (platform === 'win32') return [PIPES];
  const ofLogin = path.join('/run/user', String(uid ?? 0), nameOf(uid));
  return [...new Set([...controlFolders(around), ofLogin])];
}

function nameOf(uid: number | undefined): string {
  return `nacos-serving-${String(uid ?? 0)}`;
}

export function controlSocket(folder: string, pid: number): string {
  if (folder === PIPES) return `${PIPES}nacos-serving-${String(pid)}`;
  return path.join(folder, `${String(pid)}.sock`);
}

/** Makes the folder unless it is there, and checks it. What is above it is never made. @throws Error */
export function claimFolder(folder: string, uid: number | undefined): void {
  if (folder === PIPES) return;
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  if (!isOwn(folder, uid)) throw new Error(`${folder} is not a folder of this user alone`);
}

/** Sockets in a folder, by pid. None when the folder is not there, or somebody else may have put them there. */
export function socketsIn(folder: string, uid: number | undefined): readonly number[] {
  try {
    if (!isOwn(folder, uid)) return [];
    return readdirSync(folder).flatMap((name) => pidIn(name, folder) ?? []);
  } catch {
    // It is not there: nobody has ever opened a socket in it.
    return [];
  }
}

function isOwn(folder: string, uid: number | undefined): boolean {
  if (folder === PIPES) return true;
  const stat = lstatSync(folder);
  // A link is no folder: somebody else may choose where it leads.
  const isOwners = uid === undefined || stat.uid === uid;
  return stat.isDirectory() && isOwners && (stat.mode & OF_OTHERS) === 0;
}

function pidIn(name: string, folder: string): number | undefined {
  const match = (folder === PIPES ? /^nacos-serving-(\d{1,10})$/ : /^(\d{1,10})\.sock$/).exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Removes the socket of a dead process; true when there is none any more. Whether its pid lives says nothing: containers have their own. */
export function removeIfDead(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.unref();
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(isDead(error) && removed(file));
    });
  });
}

/** Nobody listens there. */
export function isDead(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
}

/** Only after `isDead` has said so. */
export function removed(file: string): boolean {
  try {
    rmSync(file, { force: true });
    return true;
  } catch {
    // A place that has become read-only: it stays, and nobody answers there.
    return false;
  }
}
