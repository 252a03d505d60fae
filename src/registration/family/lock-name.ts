/**
 * Owns under which name the processes that serve one address find each other. Used by ownership.ts. On Linux it is a socket in the
 * abstract namespace, which the kernel removes with its owner; on Windows a named pipe, with the same life; elsewhere a socket file.
 * The name is a hash: it shows nothing of the registry or the service.
 */
import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/** What one process at a time owns: an address of a service in a registry. */
export interface OwnershipKey {
  /** The servers of the registry, like `10.0.0.1:8848`, in any order. */
  readonly registry: readonly string[];
  readonly namespace: string;
  readonly group: string;
  readonly service: string;
  readonly ip: string;
  readonly port: number;
}

export interface LockName {
  readonly path: string;
  /** It is a file, which outlives an owner that is killed. */
  readonly isFile: boolean;
}

/** Node pads an abstract name to this length or does not, depending on its version: with a full one all mean the same. */
const ABSTRACT_BYTES = 107;

export function lockNameOf(
  key: OwnershipKey,
  platform: NodeJS.Platform = process.platform,
): LockName {
  const { namespace, group, service, ip, port } = key;
  // Another user's processes neither share our port nor our socket.
  const parts = [userName(), [...key.registry].sort(), namespace, group, service, ip, port];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  const name = `nacos-serving-${hash}`;
  if (platform === 'linux') return { path: `\0${name.padEnd(ABSTRACT_BYTES, '-')}`, isFile: false };
  if (platform === 'win32') return { path: `\\\\.\\pipe\\${name}`, isFile: false };
  return { path: path.join(tmpdir(), `${name}.sock`), isFile: true };
}

function userName(): string {
  const uid = process.getuid?.();
  return uid === undefined ? userInfo().username : String(uid);
}
