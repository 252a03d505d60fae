/** The control socket itself: who asks in whatever way gets an answer or is cut off, and the process is never disturbed. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RegistrationError, RequestTimeoutError } from '../../src/errors.js';
import { createLogger } from '../../src/logger.js';
import type { ProcessRuntime } from '../../src/process-hub.js';
import { readAnswer } from '../../src/runtime/control-messages.js';
import { openControlSocket, type ControlSocket } from '../../src/runtime/control-socket.js';
import { createFakeClock } from '../helpers/fake-clock.js';

type Runtime = Pick<ProcessRuntime, 'registrations' | 'look' | 'change' | 'isReady'>;

const PID = 4242;
const uid = process.getuid?.();
const clock = createFakeClock();
let place = '';
let log: string[] = [];
let changes: unknown[] = [];
let opened: ControlSocket[] = [];

beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'control-socket-'));
  log = [];
  changes = [];
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  chmodSync(place, 0o700);
  rmSync(place, { recursive: true });
});

const runtime: Runtime = {
  registrations: [],
  isReady: true,
  look: () => Promise.resolve([]),
  change(change, options) {
    changes.push({ change, service: options?.service });
    return Promise.resolve([]);
  },
};

async function open(own: Partial<Runtime> = {}, env: object = { TMPDIR: place }) {
  const socket = openControlSocket({
    runtime: { ...runtime, ...own },
    pid: PID,
    around: { platform: 'linux', uid, env: { XDG_RUNTIME_DIR: place, ...env } },
    logger: createLogger({ level: 'debug', write: (line) => log.push(line.trimEnd()) }),
    clock,
  });
  opened.push(socket);
  await socket.opened();
  return socket;
}

const fileOf = ({ file }: ControlSocket): string => file ?? 'there is no socket';

/** Sends the pieces, one after the other, and reads to the end. */
async function say(file: string, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket: Socket = connect(file);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  // Cut off: what was said until then counts.
  socket.on('error', () => undefined);
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  await closed;
  return text;
}

describe('a request', () => {
  it('has one line as answer, and the connection ends', async () => {
    const socket = await open();
    expect(await say(fileOf(socket), '{"v":1,"do":"status"}\n')).toBe(
      `{"v":1,"ok":true,"pid":${String(PID)},"ready":true,"registrations":[]}\n`,
    );
  });

  it('may come in pieces, and with more after it', async () => {
    const socket = await open();
    const line = Buffer.from('{"v":1,"do":"change","change":{"metadata":{"a":"ä"}}}\nmore');
    const at = line.indexOf(0xc3) + 1;
    await say(fileOf(socket), line.subarray(0, at), line.subarray(at));
    expect(changes).toEqual([{ change: { metadata: { a: 'ä' } }, service: undefined }]);
  });

  it('is answered when its end comes before the answer', async () => {
    const socket = await open();
    const asker = connect({ path: fileOf(socket), allowHalfOpen: true });
    asker.end('{"v":1,"do":"status"}\n');
    let text = '';
    for await (const chunk of asker) text += String(chunk);
    expect(text).toContain('"ok":true');
  });

  it.each([
    ['is no JSON', 'hello\n', 'a request is one JSON object'],
    ['is too long', 'x'.repeat(70_000), 'the request is too long'],
  ])('that %s is an error in the one form', async (_, text, message) => {
    const socket = await open();
    expect(readAnswer(await say(fileOf(socket), text))).toEqual({
      ok: false,
      code: 'USAGE',
      message,
    });
  });

  it('that never comes to an end is cut off', async () => {
    const socket = await open();
    const said = say(fileOf(socket), '{"v":1,');
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(5000);
    expect(await said).toBe('');
    expect(clock.pending).toBe(0);
  });

  it('that fails says why, with its code', async () => {
    const why = new RegistrationError('NOT_REGISTERED', 'nothing is registered by this process');
    const socket = await open({ change: () => Promise.reject(why) });
    const line = '{"v":1,"do":"change","change":{"weight":1}}\n';
    expect(readAnswer(await say(fileOf(socket), line))).toEqual({
      ok: false,
      code: 'NOT_REGISTERED',
      message: 'nothing is registered by this process',
    });
  });

  it('for the status is answered by what was seen last when the registry cannot be asked', async () => {
    const socket = await open({ look: () => Promise.reject(new RequestTimeoutError('no')) });
    expect(readAnswer(await say(fileOf(socket), '{"v":1,"do":"status"}\n'))).toMatchObject({
      ok: true,
      registrations: [],
    });
  });
});

describe('the socket', () => {
  it('is in a folder of its user alone, and gone when it is closed, twice', async () => {
    const socket = await open();
    const file = fileOf(socket);
    expect(file).toBe(path.join(place, `nacos-serving-${String(uid)}`, `${String(PID)}.sock`));
    await socket.close();
    await socket.close();
    expect(existsSync(file)).toBe(false);
    expect(socket.file).toBeUndefined();
  });

  it('takes the place of one that a dead process with its pid has left', async () => {
    const folder = path.join(place, `nacos-serving-${String(uid)}`);
    mkdirSync(folder, { mode: 0o700 });
    for (const name of ['4242.sock', '4243.sock', 'notes.txt']) {
      writeFileSync(path.join(folder, name), '');
    }
    const socket = await open();
    expect(await say(fileOf(socket), '{"v":1,"do":"status"}\n')).toContain('"ok":true');
    expect(readdirSync(folder).sort()).toEqual(['4242.sock', 'notes.txt']);
  });

  it('leaves one alone that somebody listens on', async () => {
    const folder = path.join(place, `nacos-serving-${String(uid)}`);
    mkdirSync(folder, { mode: 0o700 });
    const file = path.join(folder, '4242.sock');
    const other = createServer((socket) => socket.on('error', () => undefined).end('other\n'));
    await new Promise<void>((resolve) => other.listen(file, resolve));
    const socket = await open();
    expect(socket.file).not.toBe(file);
    expect(await say(file)).toBe('other\n');
    other.close();
  });

  it.each([
    ['that others may enter', (folder: string) => mkdirSync(folder, { mode: 0o755 })],
    ['that is a file', (folder: string) => writeFileSync(folder, '')],
  ])('is not opened in a folder %s: the next place has it', async (_, make) => {
    const next = path.join(place, 'next');
    mkdirSync(next);
    const folder = path.join(place, `nacos-serving-${String(uid)}`);
    make(folder);
    const socket = await open({}, { TMPDIR: next });
    expect(fileOf(socket)).toMatch(new RegExp(`^${next}/`));
    expect(log).toEqual([]);
  });

  it('that has no place is one line of the debug log', async () => {
    const socket = openControlSocket({
      runtime,
      pid: PID,
      around: { platform: 'linux', uid: (uid ?? 0) + 7, env: { XDG_RUNTIME_DIR: place } },
      logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
      clock,
    });
    opened.push(socket);
    // Folders of another user, as this test cannot make a /tmp that nobody may write to.
    await socket.opened();
    expect(socket.file).toBeUndefined();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/debug there is no control socket: .* is not a folder of this user/);
    rmSync(`/tmp/nacos-serving-${String((uid ?? 0) + 7)}`, { recursive: true, force: true });
  });

  it('that is closed while it opens is not there', async () => {
    const socket = openControlSocket({
      runtime,
      pid: PID,
      around: { platform: 'linux', uid, env: { XDG_RUNTIME_DIR: place } },
      logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
      clock,
    });
    await socket.close();
    await socket.opened();
    const folder = path.join(place, `nacos-serving-${String(uid)}`);
    await expect.poll(() => readdirSync(folder)).toEqual([]);
  });
});
