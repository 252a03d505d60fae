import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { connect, createServer as createHttp2 } from 'node:http2';
import { channel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import ts from 'typescript';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openApps, type Apps } from './registration-fixture.js';

/** The shape of src/registration/first-request.cts. */
interface Module {
  watchFirstRequest(onRequest: () => void): { add(server: Server): void; stop(): void };
}

/** Our CommonJS files are loaded as Node loads them. */
function load(folder: string): Module {
  const source = path.join(import.meta.dirname, '../../src/registration/first-request.cts');
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const file = path.join(folder, 'first-request.cjs');
  writeFileSync(file, outputText);
  return createRequire(import.meta.url)(file) as Module;
}

const requests = channel('http.server.request.start');
const folder = mkdtempSync(path.join(tmpdir(), 'nacos-first-request-'));
const { watchFirstRequest } = load(folder);
afterAll(() => rmSync(folder, { recursive: true }));

let apps: Apps;
beforeEach(() => {
  apps = openApps();
});
afterEach(() => apps.close());

const SOON = { timeout: 10_000, interval: 10 };

describe('the first request', () => {
  it('of any server is told once, after the app has got it, and then nothing listens any more', async () => {
    const events: string[] = [];
    const server = createServer((_, response) => {
      events.push('app');
      response.end();
    });
    const { port } = await apps.listen(server);
    watchFirstRequest(() => events.push('told'));
    expect(requests.hasSubscribers).toBe(true);
    for (let times = 0; times < 2; times += 1) {
      await new Promise((resolve) => {
        get({ port, host: '127.0.0.1', agent: false }, (answer) => {
          answer.resume().on('end', resolve);
        });
      });
    }
    expect(events).toEqual(['app', 'told', 'app']);
    expect(requests.hasSubscribers).toBe(false);
  });

  it('of an http2 server counts, and its own handler answers it', async () => {
    let told = 0;
    const server = createHttp2();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 });
      stream.end();
    });
    const { port } = await apps.listen(server);
    const watch = watchFirstRequest(() => {
      told += 1;
    });
    watch.add(server);
    watch.add(server);
    const session = connect(`http://127.0.0.1:${String(port)}`);
    const status = await new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/' });
      stream.on('error', reject);
      stream.on('response', (headers) => resolve(headers[':status']));
      stream.resume().end();
    });
    session.close();
    expect(status).toBe(200);
    await expect.poll(() => told, SOON).toBe(1);
    expect(server.listenerCount('stream')).toBe(1);
    expect(requests.hasSubscribers).toBe(false);
  });

  it('is told by the channel alone for servers of http', () => {
    const server = createServer();
    const watch = watchFirstRequest(() => undefined);
    watch.add(server);
    expect(server.eventNames()).not.toContain('stream');
    watch.stop();
    expect(requests.hasSubscribers).toBe(false);
  });

  it('is not told after the end', async () => {
    let told = 0;
    const watch = watchFirstRequest(() => {
      told += 1;
    });
    watch.stop();
    watch.stop();
    requests.publish({});
    await new Promise(setImmediate);
    expect(told).toBe(0);
  });

  it('that our own side fails on is none of the app’s business', async () => {
    watchFirstRequest(() => {
      throw new Error('a defect');
    });
    requests.publish({});
    await new Promise(setImmediate);
    expect(requests.hasSubscribers).toBe(false);
  });
});
