/**
 * Owns the processes that benches start: spawn, what they say on descriptor 3, their end. Used by the benches. Subjects say
 * one JSON object a line there, apart from whatever libraries print on stdout and stderr. No process outlives the bench.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { nowMs } from './time.mjs';

const OUTPUT_TAIL = 2000;
const running = new Set();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * @param {string[]} args of node
 * @param {{ env?: Record<string, string>, stdin?: 'ignore' | 'pipe' }} [options] env is added to PATH; nothing else is inherited
 */
export function startNode(args, { env = {}, stdin = 'ignore' } = {}) {
  const startedMs = nowMs();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: [stdin, 'pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  const keep = (chunk) => (output = (output + chunk).slice(-OUTPUT_TAIL));
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);

  const heard = new Map();
  const waiting = new Map();
  createInterface({ input: child.stdio[3] }).on('line', (line) => {
    const message = JSON.parse(line);
    const waiter = waiting.get(message.event);
    if (waiter === undefined) heard.set(message.event, message);
    else waiter(message);
  });
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: error.message, atMs: nowMs() }));
    child.once('exit', (code, signal) => resolve({ code, signal, atMs: nowMs() }));
  });
  void exited.then(() => running.delete(child));
  // What it said last may arrive after its end.
  const silent = new Promise((resolve) => child.once('close', resolve));

  return {
    pid: child.pid,
    startedMs,
    exited,
    kill: (signal) => child.kill(signal),
    /** A line for its stdin. */
    tell: (command) => child.stdin.write(`${JSON.stringify(command)}\n`),
    /** The next thing that the subject says under this name. @throws when it ends or is silent too long. */
    async said(event, timeoutMs = 30_000) {
      const early = heard.get(event);
      if (heard.delete(event)) return early;
      let timer;
      try {
        return await new Promise((resolve, reject) => {
          waiting.set(event, resolve);
          const fail = (why) => reject(new Error(`${why} before "${event}"\n${output}`));
          timer = setTimeout(() => fail(`silent for ${timeoutMs} ms`), timeoutMs);
          void Promise.all([exited, silent]).then(([{ code, signal }]) =>
            fail(`ended (${code ?? signal})`),
          );
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(event);
      }
    },
    /** Asks it to end and makes sure that it does. */
    async stop(graceMs = 15_000) {
      if (!running.has(child)) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Runs a command to its end and returns the milliseconds it took. @throws when it fails. */
export async function timeToExit(args, { env = {} } = {}) {
  const startedMs = nowMs();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'ignore',
  });
  const [code, signal] = await once(child, 'exit');
  const tookMs = nowMs() - startedMs;
  if (code !== 0) throw new Error(`ended with ${code ?? signal}`);
  return tookMs;
}
