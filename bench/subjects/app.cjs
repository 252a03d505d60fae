/**
 * The app of the benches: a small HTTP server that knows nothing of a registry. Started alone as the bare app, with our preload as it is,
 * and by the peers' files, which add the lines their users write. `app.cjs [express]`: on node:http, or an Express app.
 */
'use strict';

const { createServer } = require('node:http');

const { say } = require('./say.cjs');

const server = createServer(handler());
server.listen(0, () => say('listening', { port: server.address().port }));

function handler() {
  if (process.argv[2] !== 'express') return (request, response) => response.end('hello\n');
  const app = require('express')();
  app.get('/', (request, response) => response.send('hello\n'));
  return app;
}

module.exports = { server };
