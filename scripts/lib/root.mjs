/** Owns one fact: where the repository's root is. Used by every script, so that none depends on the working directory. */
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');
