/**
 * Owns making a folder with those above it. Used for what is kept on disk and for exports. Not by `recursive` of Node's own: on a file system that answers
 * "no such file" for what it cannot hold, as /proc, that goes round for ever in the process, and of a read-only one it says "no such file" too.
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** @throws what the system says of the first folder that it refuses */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) return throwUnlessFolder(folder, error);
    const parent = path.dirname(folder);
    if (parent === folder) throw error;
    await makeFolder(parent, mode);
    // Once more and not again: what is still missing now stays so.
    await mkdir(folder, { mode }).catch((again: unknown) => throwUnlessFolder(folder, again));
  }
}

/** It was there already, or another process made it; some systems say that in words of their own. */
async function throwUnlessFolder(folder: string, error: unknown): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw error;
}
