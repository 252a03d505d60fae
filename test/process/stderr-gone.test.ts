import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { createDeferred } from '../../src/util/deferred.js';

const PRELOAD = fileURLToPath(new URL('../../dist/entry/register.cjs', import.meta.url));
/** Listens, and answers a question on stdin by its exit code: alive until then. */
const APP = `
  const server = require('node:http').createServer().listen(0, () => console.log('listening'));
  process.stdin.on('end', () => process.exit(7)).resume();
`;

it('lets the app live when nobody reads its stderr and Nacos is away', async () => {
  // Ends every connection: each attempt gives one line in the log, at the latest before the next attempt.
  let attempts = 0;
  const enough = createDeferred<string>();
  const nacos = createServer((socket) => {
    socket.on('error', () => undefined).destroy();
    attempts += 1;
    if (attempts === 5) enough.resolve('alive');
  });
  await once(nacos.listen(0, '127.0.0.1'), 'listening');
  const address = nacos.address();
  const grpcPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const app = spawn(process.execPath, ['--require', PRELOAD, '-e', APP], {
    env: {
      PATH: process.env['PATH'],
      NACOS_SERVER: `127.0.0.1:${String(grpcPort - 1000)}`,
      NACOS_LOG_LEVEL: 'debug',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  app.stderr.destroy();
  app.once('exit', (code) => enough.resolve(`ended with ${String(code)}`));
  expect(await enough.promise).toBe('alive');
  app.stdin.end();
  expect(await once(app, 'exit')).toEqual([7, null]);
  nacos.close();
});
