/**
 * A server that refuses an app for a while, by the codes of real servers: exactly the row of the app afterwards, and nothing of it to be
 * seen in the app. And what many lost connections leave behind in a process. All at once, each with a server of its own.
 */
import path from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startNode, type Child } from '../helpers/child.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
const APPS = path.join(ROOT, 'test', 'fixtures', 'apps', 'servers');
const SERVICE = 'orders';
const SOON = { timeout: 30_000, interval: 20 };

interface Refusing extends AsyncDisposable {
  readonly server: DevServer;
  /** How often the server has answered with this code. */
  refused(errorCode: number): number;
  start(file: string): Promise<App>;
  /** Resolves when there is exactly the row of the app. */
  listed(app: App): Promise<void>;
  /** The one connection there is. */
  currentId(): string;
}

interface App {
  readonly child: Child;
  readonly port: number;
}

async function aRefusingServer(): Promise<Refusing> {
  const answers: string[] = [];
  const children: Child[] = [];
  const ignore = (): void => undefined;
  // `InstanceRequest -> InstanceResponse 403`
  const debug = (line: string): void => void answers.push(line);
  const logger = { debug, info: ignore, warn: ignore, error: ignore };
  const server = await startDevServer({ port: 0, logger });
  return {
    server,
    refused: (errorCode) => answers.filter((line) => line.endsWith(` ${String(errorCode)}`)).length,
    async start(file) {
      const child = startNode(['--require', PRELOAD, path.join(APPS, file)], {
        env: {
          NACOS_SERVER: server.address,
          NACOS_SERVICE_NAME: SERVICE,
          NACOS_HEARTBEAT_INTERVAL: '1',
          NACOS_RETRY_INTERVAL: '0.1',
          NACOS_QUIET_TIME: '0',
          // What is left is said by the app itself.
          NACOS_LOG_LEVEL: 'silent',
        },
      });
      children.push(child);
      const [, port] = await child.line(/^listening on (\d+)$/);
      return { child, port: Number(port) };
    },
    async listed({ port }) {
      const row = { port, healthy: true, enabled: true };
      await vi.waitFor(() => {
        expect(server.instances(SERVICE)).toEqual([expect.objectContaining(row)]);
      }, SOON);
    },
    currentId() {
      const [connection, ...others] = server.connections();
      if (connection === undefined || others.length > 0) throw new Error('not one connection');
      return connection.connectionId;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await server.close();
    },
  };
}

/** The app serves, has said nothing about all that, and ends as it ends without us. */
async function isUntouched({ server }: Refusing, { child, port }: App): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/`);
  expect(await response.text()).toBe('ok');
  child.kill('SIGTERM');
  expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.lines).toEqual([`listening on ${String(port)}`]);
  expect(server.instances(SERVICE)).toEqual([]);
}

const REFUSALS = [
  ['it has no right (403)', { errorCode: 403, message: 'authorization failed!' }],
  ['there are too many requests (503)', { errorCode: 503, message: 'over threshold' }],
  [
    'its setup has not come through (301)',
    { errorCode: 301, message: 'Connection is unregistered.', asErrorResponse: true },
  ],
] as const;

describe.concurrent('an app has exactly its row and is untouched', () => {
  it('when its connection is forgotten again and again (301)', async () => {
    await using scene = await aRefusingServer();
    const app = await scene.start('plain.cjs');
    await scene.listed(app);
    for (let turn = 1; turn <= 3; turn += 1) {
      const before = scene.currentId();
      scene.server.faults.unregister(before);
      expect(scene.server.instances(SERVICE)).toEqual([]);
      await scene.listed(app);
      expect(scene.refused(301)).toBeGreaterThanOrEqual(turn);
      expect(scene.currentId()).not.toBe(before);
    }
    await isUntouched(scene, app);
  });

  it.each(REFUSALS)('when it registers while %s', async (_, refusal) => {
    await using scene = await aRefusingServer();
    scene.server.faults.fail('InstanceRequest', { ...refusal, times: 3 });
    const app = await scene.start('plain.cjs');
    await scene.listed(app);
    expect(scene.refused(refusal.errorCode)).toBe(3);
    await isUntouched(scene, app);
  });

  it.each(REFUSALS)('when it comes back while %s', async (_, refusal) => {
    await using scene = await aRefusingServer();
    const app = await scene.start('plain.cjs');
    await scene.listed(app);
    scene.server.faults.fail('InstanceRequest', { ...refusal, times: 3 });
    scene.server.faults.dropConnections();
    await vi.waitFor(() => expect(scene.refused(refusal.errorCode)).toBe(3), SOON);
    await scene.listed(app);
    await isUntouched(scene, app);
  });
});

type Counts = Readonly<Record<string, number>>;

async function countsOf({ port }: App): Promise<Counts> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/`, {
    headers: { connection: 'close' },
  });
  return (await response.json()) as Counts;
}

describe.concurrent('a process that has lost its connection twenty times', () => {
  // The waits between attempts grow up to 5 s.
  it('has no more timers and nothing else open than after once', { timeout: 240_000 }, async () => {
    await using scene = await aRefusingServer();
    const app = await scene.start('resources.cjs');
    await scene.listed(app);
    const loseConnection = async (): Promise<void> => {
      const before = scene.currentId();
      scene.server.faults.dropConnections();
      await vi.waitFor(() => expect(scene.currentId()).not.toBe(before), SOON);
      await scene.listed(app);
    };
    await loseConnection();
    const before = await countsOf(app);
    expect(before['timers']).toBeGreaterThan(0);
    for (let turn = 0; turn < 20; turn += 1) await loseConnection();
    await vi.waitFor(async () => {
      const after = await countsOf(app);
      const more = Object.keys(after).filter((kind) => (after[kind] ?? 0) > (before[kind] ?? 0));
      expect(more, JSON.stringify({ before, after })).toEqual([]);
    }, SOON);
  });
});
