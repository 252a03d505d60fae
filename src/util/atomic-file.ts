/**
 * Owns writing a file so that nobody ever reads half of it: written beside its place under a name of its own, then renamed. Used for what is kept on
 * disk between runs. Not flushed to the disk itself: after a power cut the file may be the old one, or broken.
 */
import { randomBytes } from 'node:crypto';
import { rename, unlink, writeFile } from 'node:fs/promises';

/** What is left when a process dies while it writes ends like this. */
export const UNFINISHED = '.tmp';

/** Only its owner may read the file. @throws what the system says; nothing is left behind then */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
  try {
    await writeFile(unfinished, text, { mode: 0o600, flag: 'wx' });
    await rename(unfinished, file);
  } catch (error) {
    // It may never have been made; what matters is the first failure.
    await unlink(unfinished).catch(() => undefined);
    throw error;
  }
}
