/**
 * Owns child processes in tests: their output by line, waits on what they say and on their end, and that none outlives its test.
 * Every wait ends with the child: what it printed is then in the error.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything said so far, stdout and stderr together, one entry per line. */
  readonly lines: readonly string[];
  /** The first line, said before or later, that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  exit(): Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly node?: string;
}

/** Starts `node ...argv` with a clean environment: nothing of ours leaks in from the shell. */
export function startNode(argv: readonly string[], options: ChildOptions = {}): Child {
  // Nothing is written into the home of who runs the tests, unless a test is about that and names a folder.
  const env: NodeJS.ProcessEnv =
    options.env?.['NACOS_CACHE_DIR'] === undefined ? { NACOS_DISK_CACHE: 'false' } : {};
  for (const [key, value] of Object.entries({ ...process.env, ...options.env })) {
    const ours = /^(NACOS_|NODE_OPTIONS$|VITEST|NODE_V8_COVERAGE$)/.test(key);
    if (value !== undefined && (!ours || options.env?.[key] !== undefined)) env[key] = value;
  }
  const child = spawn(options.node ?? process.execPath, argv, {
    env,
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own, so that the end of a test takes along what the child has started.
    detached: true,
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const add = (line: string): void => {
    lines.push(line);
    for (const watch of watchers) watch();
  };
  createInterface({ input: child.stdout }).on('line', add);
  createInterface({ input: child.stderr }).on('line', add);
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });

  return {
    process: child,
    get pid() {
      if (child.pid === undefined) throw new Error(`cannot start ${argv.join(' ')}`);
      return child.pid;
    },
    lines,
    line(pattern) {
      return new Promise((resolve, reject) => {
        let from = 0;
        const look = (): void => {
          for (; from < lines.length; from += 1) {
            const match = pattern.exec(lines[from] ?? '');
            if (match !== null) {
              watchers.delete(look);
              resolve(match);
              return;
            }
          }
        };
        watchers.add(look);
        look();
        void exited.then(({ code, signal }) => {
          look();
          reject(
            new Error(
              `ended (${String(code ?? signal)}) without saying ${String(pattern)}:\n${lines.join('\n')}`,
            ),
          );
        });
      });
    },
    exit: () => exited,
    kill(signal) {
      child.kill(signal);
    },
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined) killGroup(child.pid);
      await exited;
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nobody of the group is left: that is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
