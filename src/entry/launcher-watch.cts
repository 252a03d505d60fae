/**
 * Owns what happens to an app whose command line is gone. Where Node cannot replace its process, the app is a child of
 * `nacos-serving`; whoever kills that one by SIGKILL believes that the app is dead and may start the next one, so it has to end
 * as well. Called once by `register.cts`. It watches in the very child of the command line only, and keeps nothing alive.
 */

const LOOK_EVERY_MS = 500;

/** `launcher`: the pid of the command line. Sends this process SIGTERM, which leaves the registry and ends it as ever, once its parent is not the launcher any more. */
export function watchLauncher(launcher: number): void {
  if (!Number.isInteger(launcher) || process.ppid !== launcher) return;
  const { isMainThread } = require('node:worker_threads') as typeof import('node:worker_threads');
  if (!isMainThread) return;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  timer.unref();
}
