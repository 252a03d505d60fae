/**
 * The app with nacos-sdk-rust-binding-node: what a user writes. Its client is built before the app, since its constructor connects.
 * NACOS_SERVER and NACOS_SERVICE_NAME say where and under which name.
 */
'use strict';

const { NacosNamingClient } = require('nacos-sdk-rust-binding-node');

const { say } = require('./say.cjs');

const { NACOS_SERVER: serverAddr, NACOS_SERVICE_NAME: name } = process.env;
const client = new NacosNamingClient({ serverAddr, namespace: 'public' });
const { server } = require('./app.cjs');

server.once('listening', async () => {
  const instance = { ip: '127.0.0.1', port: server.address().port };
  await client.registerInstance(name, 'DEFAULT_GROUP', instance);
  process.once('SIGTERM', async () => {
    await client.deregisterInstance(name, 'DEFAULT_GROUP', instance);
    server.close();
  });
  say('registered');
});
