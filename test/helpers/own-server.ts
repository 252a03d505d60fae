/**
 * Owns a real server that a test may kill: started by the command in NACOS_TEST_START on ports of its own, killed with -9 at the
 * server process itself, started again on the same port and data. For the live tests only.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface OwnServer extends AsyncDisposable {
  readonly port: number;
  readonly address: string;
  /** Where it keeps what it has, like its certificates in `tls`. */
  readonly data: string;
  /** Resolves when the server says that it is ready. */
  start(): Promise<void>;
  /** `kill -9` of the server process, not of the script around it. */
  kill(): Promise<void>;
  /** On: the server process stands still (SIGSTOP), with all its sockets open. */
  freeze(on: boolean): Promise<void>;
}

/** Relative to the HTTP port: what Nacos and r-nacos listen on. */
const PORT_OFFSETS = [0, 1000, 1001, 2000, -1000];
const run = promisify(execFile);

/** `words` are for the start script, after its port. */
export async function anOwnServer(words: readonly string[] = []): Promise<OwnServer> {
  const command = process.env['NACOS_TEST_START'];
  if (command === undefined) throw new Error('NACOS_TEST_START is not set: no server to start');
  const [file, ...args] = command.split(' ');
  if (file === undefined) throw new Error('NACOS_TEST_START is empty');
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), 'nacos-own-'));
  let script: ChildProcess | undefined;

  const serverPid = async (): Promise<number> => {
    const { stdout } = await run('pgrep', ['-P', String(script?.pid)]);
    const pid = Number(stdout.trim().split('\n')[0]);
    if (!Number.isInteger(pid) || pid <= 0) throw new Error('the server process is not there');
    return pid;
  };
  const ended = async (): Promise<void> => {
    if (script === undefined || script.exitCode !== null || script.signalCode !== null) return;
    await once(script, 'exit');
  };
  return {
    port,
    address: `127.0.0.1:${String(port)}`,
    data,
    async start() {
      const child = spawn(file, [...args, '--port', String(port), '--data', data, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      script = child;
      let output = '';
      await new Promise<void>((resolve, reject) => {
        const hear = (text: string): void => {
          output += text;
          if (/^ready\b/m.test(output)) resolve();
        };
        child.stdout.setEncoding('utf8').on('data', hear);
        child.stderr.setEncoding('utf8').on('data', hear);
        child.once('exit', () => reject(new Error(`the server ended: ${output.slice(-2000)}`)));
      });
    },
    async kill() {
      process.kill(await serverPid(), 'SIGKILL');
      await ended();
    },
    async freeze(on) {
      process.kill(await serverPid(), on ? 'SIGSTOP' : 'SIGCONT');
    },
    async [Symbol.asyncDispose]() {
      script?.kill('SIGTERM');
      await ended();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  for (let port = 21_000 + (process.pid % 500) * 7; port < 30_000; port += 13) {
    const free = await Promise.all(PORT_OFFSETS.map((offset) => canListen(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free ports for a server');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
