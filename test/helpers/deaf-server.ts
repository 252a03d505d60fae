/**
 * Owns a port that looks like a machine behind a firewall which drops everything: a connect to it neither succeeds nor fails. A process
 * listens there with the shortest queue, stands still, and the queue is full. Linux; for tests of what must not wait for a connect.
 */
import { connect, type Socket } from 'node:net';

import { startNode } from './child.js';

export interface DeafServer extends AsyncDisposable {
  /** For a client's server list: clients add 1000 to what stands there. */
  readonly nacosAddress: string;
}

const LISTEN = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('port ' + server.address().port));
`;
/** More than fit into the queue: those that do not are still under way. */
const FILLING = 8;

export async function aDeafServer(): Promise<DeafServer> {
  const child = startNode(['--eval', LISTEN]);
  const [, port] = await child.line(/^port (\d+)$/);
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let nth = 0; nth < FILLING; nth += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    // Reset when the process is killed.
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  return {
    nacosAddress: `127.0.0.1:${String(Number(port) - 1000)}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await child[Symbol.asyncDispose]();
    },
  };
}
