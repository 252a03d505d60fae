/**
 * Owns running one command to its end: output kept, time bounded, its whole process group ended when the time is
 * up or we are interrupted. Used by test-all.mjs.
 */
import { spawn } from 'node:child_process';

const KILL_AFTER_MS = 5_000;
/** For the pipes to close after the command itself has ended; longer means that a process of its own still runs. */
const LEFTOVER_MS = 10_000;

/** Process groups that run now, so that an interrupt leaves nothing behind. */
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const pid of running) signalGroup(pid, 'SIGTERM');
    process.kill(process.pid, signal);
  });
}

/**
 * @param {readonly string[]} command
 * @param {{ cwd: string, env: Record<string, string | undefined>, timeoutMs: number }} options
 * @returns {Promise<{ ok: boolean, output: string, seconds: number }>} ok: it ended by itself with status 0
 */
export function run(command, { cwd, env, timeoutMs }) {
  const started = performance.now();
  const [file, ...args] = command;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve) => {
    let output = '';
    let ended = false;
    const end = (ok, note) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      clearTimeout(leftover);
      running.delete(child.pid);
      const seconds = (performance.now() - started) / 1000;
      resolve({ ok, output: note === undefined ? output : `${output}\n${note}\n`, seconds });
    };
    let leftover;
    const timer = setTimeout(() => {
      signalGroup(child.pid, 'SIGTERM');
      setTimeout(() => {
        signalGroup(child.pid, 'SIGKILL');
        end(false, `not through after ${String(timeoutMs / 1000)} s: ended`);
      }, KILL_AFTER_MS);
    }, timeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => end(false, error.message));
    if (child.pid !== undefined) running.add(child.pid);
    child.on('exit', () => {
      leftover = setTimeout(() => {
        signalGroup(child.pid, 'SIGKILL');
        end(false, 'it ended, but a process that it started was still running');
      }, LEFTOVER_MS);
    });
    child.on('close', (code, signal) =>
      end(code === 0, signal === null ? undefined : `ended by ${signal}`),
    );
  });
}

/** Signals a group that we started; it may be gone already. */
function signalGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
