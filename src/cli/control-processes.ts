/**
 * Owns how the command line finds the running processes of this user and talks to one of them: one control socket a process, one line each
 * way (runtime/control-messages.ts). Used by the control commands. It picks none and shows nothing.
 */
import { connect } from 'node:net';

import {
  MAX_LINE_BYTES,
  readAnswer,
  writeRequest,
  type ControlAnswer,
  type ControlRequest,
} from '../runtime/control-messages.js';
import {
  controlSocket,
  foldersToSearch,
  isDead,
  removed,
  socketsIn,
  type ControlSurroundings,
} from '../runtime/control-path.js';

export interface RunningProcess {
  readonly pid: number;
  readonly file: string;
  /** What it said of its state. undefined: it does not answer, or not so that we understand. */
  readonly answer: ControlAnswer | undefined;
}

/** A process that is stopped, or busy for so long, is shown as one that does not answer. */
const STATUS_MS = 3000;
/** It answers as soon as Nacos has confirmed the change, or says after 10 s that it has not. */
const CHANGE_MS = 15_000;

/** In the order of their pids. What nobody listens on is what a killed process left: it is removed. */
export async function findProcesses(
  around: ControlSurroundings,
  pid: number | undefined,
): Promise<readonly RunningProcess[]> {
  const files = foldersToSearch(around).flatMap((folder) =>
    socketsIn(folder, around.uid)
      .filter((one) => pid === undefined || one === pid)
      .map((one) => ({ pid: one, file: controlSocket(folder, one) })),
  );
  const found = await Promise.all(
    files.map(async (one) => {
      const answer = await ask(one.file, { do: 'status' }, STATUS_MS);
      return answer === 'dead' ? [] : [{ ...one, answer }];
    }),
  );
  return found.flat().toSorted((one, other) => one.pid - other.pid);
}

/** undefined when it does not answer. */
export async function askChange(
  file: string,
  request: ControlRequest,
): Promise<ControlAnswer | undefined> {
  const answer = await ask(file, request, CHANGE_MS);
  return answer === 'dead' ? undefined : answer;
}

function ask(
  file: string,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer | 'dead' | undefined> {
  return new Promise((resolve) => {
    const socket = connect(file);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('connect', () => socket.write(writeRequest(request)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_LINE_BYTES) socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isDead(error) && removed(file)) resolve('dead');
    });
    socket.on('close', () => resolve(readAnswer(text.trim())));
  });
}
