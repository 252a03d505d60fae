/**
 * Owns the control socket of a process: `nacos-serving status`, `up`, `down`, `weight` and `metadata` of the same user come in here. Opened by the
 * process runtime while something is registered. It holds no process, throws nothing into it, and a machine without a place for a
 * socket is a line of the debug log.
 *
 * Who asks has a connection of its own, on which there is one line each way (control-messages.ts).
 */
import { createServer, type Server, type Socket } from 'node:net';

import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import { settingsHealth } from '../settings-health.js';
import type { ProcessRuntime, RegistrationStatus } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import {
  MAX_LINE_BYTES,
  readRequest,
  writeAnswer,
  type ControlAnswer,
  type ControlRequest,
} from './control-messages.js';
import {
  claimFolder,
  controlFolders,
  controlSocket,
  removeIfDead,
  socketsIn,
  type ControlSurroundings,
} from './control-path.js';

export interface ControlSocketOptions {
  readonly runtime: Pick<ProcessRuntime, 'registrations' | 'look' | 'change' | 'isReady'>;
  readonly pid: number;
  readonly around: ControlSurroundings;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface ControlSocket extends AsyncDisposable {
  /** Where it listens; undefined until it does, and when there is no place for it. */
  readonly file: string | undefined;
  /** Resolves when it is known whether there is one. Never rejects. */
  opened(): Promise<void>;
  /** Closes and removes it, at once; who has asked before still gets an answer. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** For the whole request to come in. */
const REQUEST_MS = 5000;
/** The command line gives up on a process that says nothing for longer than this (cli/control-processes.ts). */
const LOOK_MS = 1000;
const MAX_CONNECTIONS = 16;
/** Of dead processes, looked at when a socket opens. */
const MAX_SWEPT = 64;

export function openControlSocket(options: ControlSocketOptions): ControlSocket {
  const socket = new UserSocket(options);
  socket.open();
  return socket;
}

class UserSocket implements ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #server: Server;
  #opening: Promise<void> = Promise.resolve();
  #file: string | undefined;
  #closed = false;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
    // Half open: an asker that has said all may end its side and still wants the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, options));
  }

  get file(): string | undefined {
    return this.#file;
  }

  open(): void {
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.unref();
    this.#opening = this.#findPlace();
    runInBackground(this.#opening);
  }

  opened(): Promise<void> {
    return this.#opening;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#file = undefined;
    // It removes the file with the handle, not with the last connection.
    if (this.#server.listening) this.#server.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #findPlace(): Promise<void> {
    const { around, pid, logger } = this.#options;
    const problems: string[] = [];
    for (const folder of controlFolders(around)) {
      try {
        claimFolder(folder, around.uid);
        const file = controlSocket(folder, pid);
        await this.#listen(file);
        if (this.#closed) return;
        this.#file = file;
        await this.#sweep(folder);
        return;
      } catch (error) {
        problems.push(asError(error).message);
      }
    }
    logger.debug(`there is no control socket: ${problems.join('; ') || 'no place for it'}`);
  }

  /** @throws the system's error */
  async #listen(file: string): Promise<void> {
    try {
      await this.#listenOnce(file);
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      // Of a dead process that had this pid.
      if (!isTaken || !(await removeIfDead(file))) throw error;
      await this.#listenOnce(file);
    }
  }

  #listenOnce(file: string): Promise<void> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        resolve();
        return;
      }
      const failed = (error: Error): void => {
        server.removeListener('listening', listens);
        server.removeListener('close', resolve);
        reject(error);
      };
      const listens = (): void => {
        server.removeListener('error', failed);
        // Later errors are of single connections that could not be accepted.
        server.on('error', ({ message }) => this.#options.logger.debug(`control: ${message}`));
        resolve();
      };
      server.once('error', failed);
      server.once('listening', listens);
      // Instead of the other two, when it was closed before.
      server.once('close', resolve);
      // Exclusive: in a cluster worker it would else be the primary who listens.
      server.listen({ path: file, exclusive: true });
    });
  }

  async #sweep(folder: string): Promise<void> {
    const { around, pid } = this.#options;
    if (around.platform === 'win32') return;
    const others = socketsIn(folder, around.uid).filter((other) => other !== pid);
    await Promise.all(
      others.slice(0, MAX_SWEPT).map((other) => removeIfDead(controlSocket(folder, other))),
    );
  }
}

function serve(socket: Socket, options: ControlSocketOptions): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  socket.unref();
  const timer = options.clock.after(REQUEST_MS, () => socket.destroy());
  const answer = (request: ControlRequest | string): void => {
    socket.removeAllListeners('data').removeAllListeners('end');
    socket.resume();
    timer.cancel();
    runInBackground(
      answerTo(request, options).then((text) => {
        if (!socket.destroyed) socket.end(text);
      }),
    );
  };
  socket.on('close', () => timer.cancel());
  // An asker that is gone wants no answer.
  socket.on('error', () => undefined);
  socket.on('end', () => answer('a request is one line'));
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.indexOf('\n');
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    bytes += part.length;
    chunks.push(part);
    if (bytes > MAX_LINE_BYTES) answer('the request is too long');
    else if (end >= 0) answer(readRequest(Buffer.concat(chunks).toString('utf8')));
  });
}

/** As the registry lists them now, or as they were seen last when it does not answer in time. */
async function look(
  runtime: ControlSocketOptions['runtime'],
): Promise<readonly RegistrationStatus[]> {
  try {
    return await runtime.look({ timeoutMs: LOOK_MS, holdsProcess: false });
  } catch {
    // That Nacos is away shows in the state.
    return runtime.registrations;
  }
}

async function answerTo(
  request: ControlRequest | string,
  { runtime, pid }: ControlSocketOptions,
): Promise<string> {
  if (typeof request === 'string') {
    return writeAnswer({ ok: false, code: 'USAGE', message: request });
  }
  let answer: ControlAnswer;
  try {
    const registrations =
      request.do === 'status'
        ? await look(runtime)
        : await runtime.change(request.change, {
            holdsProcess: false,
            ...(request.service === undefined ? {} : { service: request.service }),
          });
    const settings = settingsHealth();
    answer = {
      ok: true,
      pid,
      ready: runtime.isReady,
      registrations,
      ...(settings.length === 0 ? {} : { settings }),
    };
  } catch (error) {
    const code = isNacosError(error) ? error.code : 'INTERNAL';
    answer = { ok: false, code, message: asError(error).message };
  }
  return writeAnswer(answer);
}
