/**
 * Owns a real server for the live tests: free ports, start, wait until it says `ready`, stop by process id. The start
 * scripts come from outside: NACOS_START (called with a version) and RNACOS_START. Used by test-all.mjs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The first start fetches what the server needs, and the machine may be busy. */
const READY_WITHIN_MS = 420_000;
const STOP_WITHIN_MS = 30_000;
/** r-nacos 0.8.8 loses its store of configs in some starts (a panic in `raftapply.rs`), and says that it is ready all the same. */
const BROKEN_STARTS = 8;
const KEEPS_WITHIN_MS = 5000;
const LOOK_MS = 50;
/** Relative to the HTTP port: gRPC, gRPC between servers, and what the two servers use beside them. */
const PORT_OFFSETS = [0, 1000, 1001, 2000, -1000];
const FIRST_PORT = 12_000;
const PORT_STEP = 17;
const PORT_TRIES = 400;

/** @param {string} root of the repository */
export function liveServers(root, env) {
  const nacos = env.NACOS_START && path.resolve(root, env.NACOS_START);
  const rnacos = env.RNACOS_START && path.resolve(root, env.RNACOS_START);
  return [
    { kind: 'r-nacos', start: [rnacos], java: false, mayStartBroken: true },
    { kind: 'nacos-2', start: [nacos, '2.5.1'], java: true },
    { kind: 'nacos-3', start: [nacos, '3.0.3'], java: true },
  ];
}

/** Why this server cannot run here, or undefined. */
export function whyNotHere({ start, java }, env) {
  if (!start[0]) return 'its start script is not named (NACOS_START, RNACOS_START)';
  if (!existsSync(start[0])) return `${start[0]} is not there`;
  if (!java) return undefined;
  const command = env.JAVA_HOME ? path.join(env.JAVA_HOME, 'bin', 'java') : 'java';
  return spawnSync(command, ['-version']).status === 0 ? undefined : 'there is no java';
}

/**
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>}
 * @throws with the end of the server's output when it is not ready in time
 */
export async function startServer(server, env) {
  if (server.mayStartBroken !== true) return startOnce(server, env);
  for (let starts = 0; starts < BROKEN_STARTS; starts += 1) {
    const running = await startOnce(server, env);
    if (await keepsConfigs(running.port)) return running;
    console.error(`${server.kind} has started without its store of configs: once more`);
    await running.stop();
  }
  throw new Error(`it keeps no configs, in ${BROKEN_STARTS} starts`);
}

/** What is published is read again, as any server does. */
async function keepsConfigs(port) {
  const query = new URLSearchParams({ dataId: 'is-kept', group: 'READY', content: 'yes' });
  const url = `http://127.0.0.1:${port}/nacos/v1/cs/configs`;
  const signal = AbortSignal.timeout(KEEPS_WITHIN_MS);
  try {
    await fetch(url, { method: 'POST', body: query, signal });
    for (;;) {
      const response = await fetch(`${url}?dataId=is-kept&group=READY`, { signal });
      if ((await response.text()) === 'yes') break;
      await delay(LOOK_MS, undefined, { signal });
    }
    await fetch(`${url}?dataId=is-kept&group=READY`, { method: 'DELETE', signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

async function startOnce({ start }, env) {
  const port = await freePort();
  const [file, ...args] = start;
  const child = spawn(file, [...args, '--port', String(port)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  };
  let output = '';
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('not ready in time')), READY_WITHIN_MS);
      const hear = (text) => {
        output += text;
        if (/^ready\b/m.test(output)) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.setEncoding('utf8').on('data', hear);
      child.stderr.setEncoding('utf8').on('data', hear);
      void exited.then(() => {
        clearTimeout(timer);
        reject(new Error('it ended before it was ready'));
      });
    });
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${output.slice(-4000)}`, { cause: error });
  }
  return { port, stop };
}

async function freePort() {
  const offset = Math.floor(Math.random() * PORT_TRIES);
  for (let i = 0; i < PORT_TRIES; i += 1) {
    const port = FIRST_PORT + ((offset + i) % PORT_TRIES) * PORT_STEP;
    const free = await Promise.all(PORT_OFFSETS.map((add) => canListen(port + add)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free ports for a server');
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
