/**
 * The same as register-ours.mjs with npm nacos, which registers over HTTP and has no batch. Without a connection whose end says
 * it, the server must be told for each instance that it is gone.
 */
'use strict';

const { measureRegistration } = require('./registration-times.cjs');
const [server, prefix, count, mode] = process.argv.slice(2);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const registered = [];
let client;

void measureRegistration({
  count: Number(count),
  prefix,
  mode,
  async connect() {
    const { NacosNamingClient } = require('nacos');
    client = new NacosNamingClient({ logger: quiet, serverList: server, namespace: 'public' });
    await client.ready();
  },
  async register(service, instance) {
    await client.registerInstance(service, instance);
    registered.push([service, instance]);
  },
  async cleanUp() {
    await Promise.all(
      registered.map(([service, instance]) => client.deregisterInstance(service, instance)),
    );
  },
});
