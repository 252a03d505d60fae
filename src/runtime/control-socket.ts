/**
 * Owns the control socket of a process: `nacos-serving status`, `up`, `down`, `weight` and `metadata` of the same user come in here. Opened by the
 * process runtime when something is registered. It holds no process, and a place where no socket can be is a line of the debug log.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ProcessRuntime } from '../process-hub.js';
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
  controlFolder,
  controlSocket,
  type ControlSurroundings,
} from './control-path.js';

export interface ControlSocketOptions {
  readonly runtime: Pick<ProcessRuntime, 'registrations' | 'change' | 'isReady'>;
  readonly pid: number;
  readonly around: ControlSurroundings;
  readonly logger: Logger;
}

export interface ControlSocket {
  /** Closes and removes it; also right before the process ends. Idempotent, never throws. */
  close(): void;
}

export function openControlSocket(options: ControlSocketOptions): ControlSocket {
  const { around, pid, logger } = options;
  let server: Server | undefined;
  let file: string | undefined;
  const close = (): void => {
    server?.close();
    server = undefined;
    if (file !== undefined && around.platform !== 'win32') removeFile(file);
    file = undefined;
  };
  try {
    const folder = controlFolder(around);
    claimFolder(folder, around.uid);
    file = controlSocket(folder, pid);
    // Of a dead process that had this pid.
    if (around.platform !== 'win32') removeFile(file);
    server = createServer((socket) => serve(socket, options));
    server.on('error', (error) => logger.debug(`there is no control socket: ${error.message}`));
    server.listen(file);
    server.unref();
  } catch (error) {
    logger.debug(`there is no control socket: ${asError(error).message}`);
    close();
  }
  return { close };
}

function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A read-only place: then no socket of ours is there either.
  }
}

function serve(socket: Socket, options: ControlSocketOptions): void {
  let text = '';
  socket.unref();
  socket.setEncoding('utf8');
  // A caller that is gone wants no answer.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0 && text.length <= MAX_LINE_BYTES) return;
    socket.removeAllListeners('data');
    const request = end < 0 ? 'the request is too long' : readRequest(text.slice(0, end));
    runInBackground(
      answerTo(request, options).then((answer) => {
        socket.end(writeAnswer(answer));
      }),
    );
  });
}

async function answerTo(
  request: ControlRequest | string,
  { runtime, pid }: ControlSocketOptions,
): Promise<ControlAnswer> {
  if (typeof request === 'string') return { ok: false, code: 'USAGE', message: request };
  try {
    const registrations =
      request.do === 'status'
        ? runtime.registrations
        : await runtime.change(request.change, {
            holdsProcess: false,
            ...(request.service === undefined ? {} : { service: request.service }),
          });
    return { ok: true, pid, ready: runtime.isReady, registrations };
  } catch (error) {
    const code = isNacosError(error) ? error.code : 'INTERNAL';
    return { ok: false, code, message: asError(error).message };
  }
}
