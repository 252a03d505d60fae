/**
 * Two HTTP servers in one process, as the instances which calls-by-name calls, and one for HTTP/2 (`http2-neighbour.cjs`). Says their ports. Ends on
 * SIGTERM.
 */
'use strict';

const { createServer } = require('node:http');
const http2 = require('node:http2');
const { once } = require('node:events');

const { say } = require('./say.cjs');

async function open() {
  // JSON, as services answer: a client that parses all it gets, as axios does, would otherwise spend its time on the error.
  const server = createServer((request, response) => response.end('"hello"'));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

async function openHttp2() {
  const server = http2.createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('"hello"'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

void Promise.all([open(), open(), openHttp2()]).then(([first, second, http2Port]) =>
  say('listening', { ports: [first, second], http2Port }),
);
