/**
 * The same as register-ours.mjs with nacos-sdk-rust-binding-node. Its constructor returns when it is connected (0.8.0). It cannot be
 * closed: the end of the process closes its connection.
 */
'use strict';

const { measureRegistration } = require('./registration-times.cjs');
const [server, prefix, count, mode] = process.argv.slice(2);
const GROUP = 'DEFAULT_GROUP';
let client;

void measureRegistration({
  count: Number(count),
  prefix,
  mode,
  connect() {
    const { NacosNamingClient } = require('nacos-sdk-rust-binding-node');
    client = new NacosNamingClient({ serverAddr: server, namespace: 'public' });
  },
  register: (service, instance) => client.registerInstance(service, GROUP, instance),
  registerBatch: (service, instances) => client.batchRegisterInstance(service, GROUP, instances),
  cleanUp: () => undefined,
});
