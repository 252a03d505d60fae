/**
 * pm2 itself, in both of its modes: one row for all processes of an app, whoever of them is killed or replaced, and none after a stop.
 * Its daemon lives in a folder of its own, and is ended with the test.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { aLaunchingScene, CLI, PRELOAD, type LaunchingScene } from '../process/launching-scene.js';

const FOLDER = path.resolve(import.meta.dirname, '..', 'fixtures', 'heavy', 'pm2-7');
const PM2 = path.join(FOLDER, 'node_modules', 'pm2', 'bin', 'pm2');
const SOON = { timeout: 20_000, interval: 20 };

let scene: LaunchingScene;
let home: string;
let name: string;
let port: number;
beforeEach(async () => {
  scene = await aLaunchingScene();
  home = mkdtempSync(path.join(tmpdir(), 'nacos-pm2-'));
  name = scene.uniqueName();
  port = await freePort();
});
afterEach(async () => {
  pm2('kill');
  rmSync(home, { recursive: true, force: true });
  await scene[Symbol.asyncDispose]();
});

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PM2_HOME: home,
    XDG_RUNTIME_DIR: home,
    PORT: String(port),
    NACOS_SERVER: scene.address,
    NACOS_SERVICE_NAME: name,
    NACOS_LOG_LEVEL: 'info',
    NACOS_QUIET_TIME: '1.3',
  };
}

function pm2(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PM2, ...words], {
    cwd: FOLDER,
    encoding: 'utf8',
    env: environment(),
  });
  if (status !== 0) throw new Error(`pm2 ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

function start(...words: readonly string[]): void {
  pm2('start', 'app.cjs', '--name', 'app', '--node-args', `--require ${PRELOAD}`, ...words);
}

/** The process that has the registration confirmed, as `nacos-serving status` tells. */
async function owner(): Promise<number> {
  const found = await vi.waitFor(() => {
    const { stdout } = spawnSync(process.execPath, [CLI, 'status', '--json', '--service', name], {
      encoding: 'utf8',
      env: environment(),
    });
    const all = JSON.parse(stdout) as readonly {
      readonly pid: number;
      readonly registrations: readonly { readonly state: string }[];
    }[];
    const owners = all.filter(({ registrations }) =>
      registrations.some(({ state }) => state === 'registered'),
    );
    expect(owners).toHaveLength(1);
    return owners[0]?.pid;
  }, SOON);
  if (found === undefined) throw new Error('nobody owns the registration');
  return found;
}

/** How often one of the processes said that it was registered. */
function registrations(): number {
  const logs = path.join(home, 'logs');
  const texts = readdirSync(logs).map((file) => readFileSync(path.join(logs, file), 'utf8'));
  return texts.join('').split('info  registered ').length - 1;
}

describe('pm2 in cluster mode', () => {
  it('has one row for three processes, and another owner when that one is killed', async () => {
    start('-i', '3');
    await scene.listed(name, [port]);
    const first = await owner();
    process.kill(first, 'SIGKILL');
    const killedMs = performance.now();
    await vi.waitFor(() => expect(registrations()).toBe(2), { timeout: 20_000, interval: 5 });
    const tookMs = Math.round(performance.now() - killedMs);
    process.stdout.write(`pm2: the next one was registered after ${String(tookMs)} ms\n`);
    // What is promised; it takes a tenth of that.
    expect(tookMs).toBeLessThan(1000);
    expect(await owner()).not.toBe(first);
    await scene.listed(name, [port]);
    pm2('stop', 'app');
    await scene.listed(name, []);
  });

  it('keeps the row through a reload of all processes, and fails no request', async () => {
    start('-i', '2');
    await scene.listed(name, [port]);
    const reload = spawn(process.execPath, [PM2, 'reload', 'app'], {
      cwd: FOLDER,
      env: environment(),
    });
    let isOver = false;
    const ended = new Promise<void>((resolve) => reload.once('exit', () => resolve()));
    void ended.then(() => {
      isOver = true;
    });
    const pids = new Set<string>();
    const rows: (readonly number[])[] = [];
    while (!isOver) {
      rows.push(await scene.ports(name));
      const response = await fetch(`http://127.0.0.1:${String(port)}/`, {
        headers: { connection: 'close' },
      });
      pids.add(await response.text());
    }
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => row.length !== 1)).toEqual([]);
    expect(pids.size).toBeGreaterThan(2);
    await scene.listed(name, [port]);
  });
});

describe('pm2 in fork mode', () => {
  it('has its row out before the process ends, by the signal that pm2 sends', async () => {
    start();
    await scene.listed(name, [port]);
    const pid = Number(pm2('pid', 'app'));
    const stop = spawn(process.execPath, [PM2, 'stop', 'app'], { cwd: FOLDER, env: environment() });
    const stopped = new Promise<void>((resolve) => stop.once('exit', () => resolve()));
    await scene.listed(name, []);
    // It is in its quiet time still.
    expect(() => process.kill(pid, 0)).not.toThrow();
    await stopped;
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const free = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(free));
    });
  });
}
