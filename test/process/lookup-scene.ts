/**
 * Owns one registry with instances that really answer, and the command line that looks them up. Used by the process tests of `list`, `watch`,
 * `why` and `call`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LookupScene extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly client: NacosClient;
  /** A server of HTTP on this machine; it is registered nowhere. */
  answering(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number>;
  /** Runs `nacos-serving ...words` to its end; `input` on its standard input. */
  cli(words: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts it and leaves it running. */
  start(words: readonly string[]): Child;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

export async function aLookupScene(): Promise<LookupScene> {
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const servers: Server[] = [];
  const children: Child[] = [];
  const env = { NACOS_SERVER: registry.address };
  const start = (words: readonly string[], options: RunOptions = {}): Child => {
    const child = startNode([CLI, ...words], {
      env: { ...env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    children.push(child);
    return child;
  };
  return {
    registry,
    client,
    async answering(answer) {
      const server = createServer(answer);
      servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return (server.address() as AddressInfo).port; // it listens on a port
    },
    async cli(words, options = {}) {
      const child = start(words, options);
      const [stdout, stderr] = [textOf(child, 'stdout'), textOf(child, 'stderr')];
      child.process.stdin?.end(options.input ?? '');
      const { code } = await child.exit();
      return { code, stdout: stdout(), stderr: stderr() };
    },
    start: (words) => start(words),
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      for (const server of servers) server.close();
      await client.close();
      await registry.close();
    },
  };
}

function textOf(child: Child, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child.process[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
