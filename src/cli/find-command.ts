/**
 * Owns finding a command in PATH, before it is started, so that "not there" and "not executable" get the exit codes that
 * shells give: 127 and 126. Called by `commands/run.ts`. On Windows the system looks for it itself.
 */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export type FoundCommand =
  { readonly file: string } | { readonly exitCode: 126 | 127; readonly reason: string };

export function findCommand(name: string, searchPath: string, cwd: string): FoundCommand {
  if (process.platform === 'win32') return { file: name };
  const candidates = name.includes('/')
    ? [path.resolve(cwd, name)]
    : searchPath.split(path.delimiter).map((folder) => path.resolve(cwd, folder, name));
  let refused = false;
  for (const file of candidates) {
    const state = stateOf(file);
    if (state === 'executable') return { file };
    refused ||= state === 'refused';
  }
  return refused
    ? { exitCode: 126, reason: 'not executable' }
    : { exitCode: 127, reason: 'command not found' };
}

function stateOf(file: string): 'executable' | 'refused' | 'missing' {
  try {
    if (statSync(file).isDirectory()) return file.endsWith('/') ? 'missing' : 'refused';
    accessSync(file, constants.X_OK);
    return 'executable';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES' || code === 'EPERM' ? 'refused' : 'missing';
  }
}
