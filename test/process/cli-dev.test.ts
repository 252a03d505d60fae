/** `nacos-serving dev` as a child process of the built package. Ports are free ones, chosen by the dev server. */
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { startNode, type Child } from '../helpers/child.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const READY = /^ready on 127\.0\.0\.1:(\d+) \(gRPC (\d+)\)$/;

function dev(...args: readonly string[]): Child {
  return startNode([CLI, 'dev', ...args]);
}

describe('nacos-serving dev', () => {
  it('says where it listens: gRPC 1000 above HTTP', async () => {
    await using child = dev('--port', '0');
    const [, port, grpcPort] = await child.line(READY);
    expect(Number(grpcPort)).toBe(Number(port) + 1000);
    const answer = await fetch(
      `http://127.0.0.1:${String(port)}/nacos/v1/ns/service/list?pageNo=1&pageSize=1`,
    );
    expect(answer.status).toBe(200);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s with exit code 0', async (signal) => {
    await using child = dev('--port=0');
    await child.line(READY);
    child.kill(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it('ends with exit code 1 and one line when the port is in use', async () => {
    await using first = dev('--port', '0');
    const port = (await first.line(READY))[1] ?? '';
    await using second = dev('--port', port);
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.lines).toHaveLength(1);
    expect(second.lines[0]).toMatch(
      new RegExp(`^nacos-serving: port ${port} .*another program listens`),
    );
  });
});
