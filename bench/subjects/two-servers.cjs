/**
 * Two HTTP servers in one process, as the instances which calls-by-name calls. Says their ports. Ends on SIGTERM.
 */
'use strict';

const { createServer } = require('node:http');
const { once } = require('node:events');

const { say } = require('./say.cjs');

async function open() {
  const server = createServer((request, response) => response.end('hello\n'));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

void Promise.all([open(), open()]).then((ports) => say('listening', { ports }));
