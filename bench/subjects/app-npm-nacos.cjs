/**
 * The app with npm nacos: what its README asks a user to write, with the client built before the app so that the two overlap. NACOS_SERVER
 * and NACOS_SERVICE_NAME say where and under which name.
 */
'use strict';

const { NacosNamingClient } = require('nacos');

const { say } = require('./say.cjs');

const { NACOS_SERVER: serverList, NACOS_SERVICE_NAME: name } = process.env;
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const client = new NacosNamingClient({ logger, serverList, namespace: 'public' });
const { server } = require('./app.cjs');

server.once('listening', async () => {
  const instance = { ip: '127.0.0.1', port: server.address().port };
  await client.ready();
  await client.registerInstance(name, instance);
  process.once('SIGTERM', async () => {
    await client.deregisterInstance(name, instance);
    client.close();
    server.close();
  });
  say('registered');
});
