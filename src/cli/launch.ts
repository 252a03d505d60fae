/**
 * Owns how the app's process comes to be and how ours ends. Called by `commands/run.ts`. Where Node can (22.15 and later,
 * not Windows), our process becomes the app: same pid, nothing to forward. Else the app is a child with our stdio: signals
 * go to it, and we end as it ended, by its exit code or by its signal.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';

import { systemClock } from '../util/clock.js';

export interface Launch {
  readonly file: string;
  readonly argv0: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file is surely executable by itself: a failing execve would end us with an abort. */
  readonly replaceable: boolean;
}

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGINT'] as const;
/** After this long the signal which we sent to ourselves has been ignored, as for a process with pid 1. */
const SIGNAL_GRACE_MS = 200;

/** Becomes the app, or runs it as a child and ends like it. `failed` is for a file that does not start. */
export function launch(plan: Launch, failed: (error: Error) => void): void {
  const { execve } = process as { execve?: (file: string, args: string[], env: object) => never };
  const hasParentChannel = process.send !== undefined; // it would not survive execve
  if (
    plan.replaceable &&
    execve !== undefined &&
    process.platform !== 'win32' &&
    !hasParentChannel
  ) {
    execve.call(process, plan.file, [plan.argv0, ...plan.args], plan.env);
  }
  freeDebugPort(plan.env);
  const child = spawn(plan.file, plan.args, {
    argv0: plan.argv0,
    // A child of Node ends with us, however we end: see entry/launcher-watch.cts.
    env: { ...plan.env, NACOS_SERVING_LAUNCHER: String(process.pid) },
    stdio: hasParentChannel ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    serialization: hasParentChannel ? channelSerialization() : 'json',
  });
  child.on('error', failed);
  const stopForwarding = forwardSignals(child);
  if (hasParentChannel) relayMessages(child);
  child.on('exit', (code, signal) => {
    stopForwarding();
    endLike(code, signal);
  });
}

/** With `--inspect` the debugger is meant for the app: the port that we have taken by then is given back. */
function freeDebugPort(env: Launch['env']): void {
  const flags = [...process.execArgv, env['NODE_OPTIONS'] ?? ''].join(' ');
  if (!flags.includes('--inspect')) return;
  // Not imported above: a Node may be built without it.
  const inspector = createRequire(import.meta.url)('node:inspector') as { close(): void };
  inspector.close();
}

/** How our parent reads messages. Node takes the variable that says so out of `process.env` before we run. */
function channelSerialization(): 'json' | 'advanced' {
  try {
    const given = readFileSync('/proc/self/environ', 'latin1').split('\0');
    return given.includes('NODE_CHANNEL_SERIALIZATION_MODE=advanced') ? 'advanced' : 'json';
  } catch {
    // No /proc: what nearly all use.
    return 'json';
  }
}

function forwardSignals(child: ChildProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    // Ctrl-C reaches every process of the terminal's foreground group: the child has it already.
    if (signal === 'SIGINT' && isInForeground()) return;
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => {
    for (const signal of FORWARDED) process.removeListener(signal, forward);
  };
}

/** True when this process, and so its child, is in the foreground of a terminal. */
function isInForeground(): boolean {
  try {
    // "pid (name) state ppid pgrp session tty_nr tpgid ..."; the name may hold anything.
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    // No /proc: a terminal at any end is the next best sign.
    return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  }
}

/** The child answers our parent as if it were us: `fork()`, pm2 and the like. */
function relayMessages(child: ChildProcess): void {
  child.on('message', (message, handle) => {
    if (process.connected) process.send?.(message, handle);
  });
  child.on('disconnect', () => {
    if (process.connected) process.disconnect();
  });
  process.on('message', (message: object, handle: unknown) => {
    if (child.connected) child.send(message, handle as never); // whatever our parent may send, we may
  });
  process.on('disconnect', () => {
    if (child.connected) child.disconnect();
  });
}

function endLike(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  systemClock.after(SIGNAL_GRACE_MS, () => process.exit(128 + constants.signals[signal]), {
    holdsProcess: true,
  });
}
