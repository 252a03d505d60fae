/** What an open connection means to the life of a process: nothing, but for what a user awaits and for a bounded connect. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';
import { reply, startScripted } from '../helpers/scripted-http2.js';

const GUEST = path.join(import.meta.dirname, 'transport-guest.mjs');

/** What the guest said until it ended by itself. Its slow call is answered when it has said that it is still there. */
async function run(what: string) {
  let answerSlow = (): void => undefined;
  await using server = await startScripted({
    unary: (call, request) => {
      if (request.type === 'Slow') answerSlow = () => reply(call, request);
      else if (request.type !== 'Never') reply(call, request);
    },
  });
  await using guest = startNode([GUEST, String(server.endpoint.grpcPort), what]);
  guest.line(/^still here$/).then(
    () => answerSlow(),
    // It has ended without, as most do.
    () => undefined,
  );
  const exit = await guest.exit();
  // The echo of the stream may come first or not at all.
  const lines = guest.lines.filter((line) => line !== 'push Setup');
  return { lines, exit };
}

const WELL = { code: 0, signal: null };

describe('a process with an open connection and its stream', () => {
  it('ends by itself when it has nothing else to do', async () => {
    const { lines, exit } = await run('idle');
    expect({ lines, exit }).toEqual({ lines: ['answer Ready', 'exit'], exit: WELL });
  });

  it('ends by itself after it has closed the connection', async () => {
    const { lines, exit } = await run('closed');
    expect({ lines, exit }).toEqual({ lines: ['answer Ready', 'exit'], exit: WELL });
  });

  it('lives until the call of a user is answered', async () => {
    const { lines, exit } = await run('user');
    expect({ lines, exit }).toEqual({
      lines: ['answer Ready', 'still here', 'answer Slow', 'exit'],
      exit: WELL,
    });
  });

  it('lives until the call of a user has run out of time', async () => {
    const { lines, exit } = await run('timeout');
    expect({ lines, exit }).toEqual({
      lines: ['answer Ready', 'failure REQUEST_TIMEOUT', 'exit'],
      exit: WELL,
    });
  });

  it('does not live for a call of our own', async () => {
    const { lines, exit } = await run('background');
    expect({ lines, exit }).toEqual({ lines: ['answer Ready', 'exit'], exit: WELL });
  });
});

describe('a process that connects to a host which does not answer', () => {
  it('lives for the bound of the connect and no longer', async () => {
    // Accepts nothing: what its backlog does not take is dropped on the way, as by a firewall.
    const blackhole = spawn(process.execPath, [
      '-e',
      `const server = require('node:net').createServer();
       server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
         require('node:fs').writeSync(1, String(server.address().port));
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
    ]);
    const fillers: Socket[] = [];
    try {
      const [said] = (await once(blackhole.stdout, 'data')) as [Buffer];
      const port = Number(String(said));
      let connected = 0;
      for (let i = 0; i < 20; i += 1) {
        const filler = connect(port, '127.0.0.1', () => (connected += 1));
        filler.on('error', () => undefined);
        fillers.push(filler);
      }
      await using guest = startNode([GUEST, String(port), 'blackhole']);
      expect(await guest.exit()).toEqual(WELL);
      expect(connected).toBeLessThan(20);
      expect(guest.lines).toEqual(['failed CONNECT_FAILED', 'exit']);
    } finally {
      for (const filler of fillers) filler.destroy();
      blackhole.kill('SIGKILL');
    }
  });
});
