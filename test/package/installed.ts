/**
 * Owns the package as a user gets it: packed once, installed once into a folder of its own outside of the repository.
 * Used by the package tests. It never looks at src or dist but through the tarball.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PackedFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface InstalledPackage extends Disposable {
  readonly tarball: string;
  readonly files: readonly PackedFile[];
  /** The project that installed it; `node_modules/nacos-serving` is inside. */
  readonly project: string;
  /** Every subpath of the export map as an import specifier, without the JSON files. */
  readonly specifiers: readonly string[];
}

/** Ends by itself or is ended; a run that was ended has no status. */
export function runIn(cwd: string, command: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  });
  return { status, stdout, stderr };
}

function mustRun(cwd: string, command: string, args: readonly string[]): string {
  const ran = runIn(cwd, command, args);
  if (ran.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: ${String(ran.status)}\n${ran.stdout}${ran.stderr}`,
    );
  }
  return ran.stdout;
}

export function installPackage(): InstalledPackage {
  const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-package-'));
  const packed = JSON.parse(
    mustRun(ROOT, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  ) as readonly { readonly filename: string; readonly files: readonly PackedFile[] }[];
  const [first] = packed;
  if (first === undefined) throw new Error('npm pack made nothing');
  const tarball = path.join(folder, first.filename);
  const project = path.join(folder, 'project');
  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{ "name": "consumer", "private": true }\n');
  // Without scripts: nothing of ours or below us may need one.
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  mustRun(project, 'npm', ['install', tarball, ...quiet]);
  // The hosts of two subpaths, which their users bring along.
  for (const scope of ['@nestjs', '@opentelemetry']) {
    symlinkSync(path.join(ROOT, 'node_modules', scope), path.join(project, 'node_modules', scope));
  }
  const manifest = JSON.parse(
    readFileSync(path.join(project, 'node_modules/nacos-serving/package.json'), 'utf8'),
  ) as { readonly exports: Readonly<Record<string, unknown>> };
  return {
    tarball,
    files: first.files,
    project,
    specifiers: Object.keys(manifest.exports)
      .filter((subpath) => !subpath.endsWith('.json'))
      .map((subpath) => path.posix.join('nacos-serving', subpath)),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
