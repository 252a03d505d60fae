/**
 * Owns the socket that stands for a lock: who listens on its name holds it, who connects to it waits. Used by ownership.ts. Nothing here
 * keeps the process alive. A lock ends with its process, so its end is an event for all that wait: their connection closes.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

import type { LockName } from './lock-name.js';

/** One that waits, as the holder sees it; or the holder, as one that waits sees it. */
export interface Peer {
  send(line: string): void;
  onLine(listener: (line: string) => void): void;
  /** Called once, when the connection has ended, for whatever reason. */
  onEnd(listener: () => void): void;
  end(): void;
}

export interface HeldLock {
  /** False when its file is another one by now. Always true where the lock is no file. */
  isOurs(): boolean;
  /** Nobody can connect any more; the name is free when this resolves. Those that wait stay connected. */
  release(): Promise<void>;
}

/** Longer lines are not ours: anybody on the machine can connect. */
const MAX_LINE = 64;

/** undefined when somebody else holds it. @throws the system's error when there can be no such lock here. */
export function holdLock(
  name: LockName,
  onPeer: (peer: Peer) => void,
): Promise<HeldLock | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => onPeer(peerOf(socket)));
    server.unref();
    server.on('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    // Exclusive: in a cluster worker it would else be the primary who listens.
    server.listen({ path: name.path, exclusive: true }, () => resolve(heldBy(server, name)));
  });
}

/** Connects to the holder. undefined when there is none. */
export function waitAtLock(name: LockName): Promise<Peer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(name.path);
    socket.unref();
    const peer = peerOf(socket);
    socket.once('connect', () => resolve(peer));
    socket.once('close', () => resolve(undefined));
  });
}

/** What tells a file from one that has come in its place; undefined when there is none. */
export function fileIdOf(name: LockName): string | undefined {
  if (!name.isFile) return undefined;
  try {
    const { ino, birthtimeMs } = lstatSync(name.path);
    return `${String(ino)} ${String(birthtimeMs)}`;
  } catch {
    // Gone meanwhile.
    return undefined;
  }
}

/** Removes what a killed holder has left behind. */
export function removeLockFile(name: LockName): void {
  try {
    unlinkSync(name.path);
  } catch {
    // Gone meanwhile, or of another user: then the next attempt says so.
  }
}

function heldBy(server: Server, name: LockName): HeldLock {
  const id = fileIdOf(name);
  let released: Promise<void> | undefined;
  const isOurs = (): boolean => !name.isFile || fileIdOf(name) === id;
  return {
    isOurs,
    release() {
      // Closing removes the file of that name, whoever has made it: a foreign one stays, and our socket ends with the process.
      released ??= isOurs() ? closeListener(server) : Promise.resolve();
      return released;
    },
  };
}

/** `close` calls back when all connections have ended; the name is free at once. */
function closeListener(server: Server): Promise<void> {
  server.close();
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function peerOf(socket: Socket): Peer {
  let text = '';
  let onLine: (line: string) => void = () => undefined;
  socket.unref();
  socket.setEncoding('utf8');
  // `close` follows.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (text.length > MAX_LINE) socket.destroy();
  });
  return {
    send(line) {
      if (socket.writable) socket.write(`${line}\n`);
    },
    onLine(listener) {
      onLine = listener;
    },
    onEnd(listener) {
      if (socket.closed) setImmediate(listener);
      else socket.once('close', listener);
    },
    end: () => socket.destroy(),
  };
}
