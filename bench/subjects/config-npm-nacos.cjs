/** The calls of config-times.cjs with npm nacos, which speaks HTTP and long polling: `config-npm-nacos.cjs SERVER PREFIX KEYS`. */
'use strict';

const { measureConfig } = require('./config-times.cjs');
const [server, prefix, keys] = process.argv.slice(2);
let client;

void measureConfig({
  prefix,
  keys: Number(keys),
  async connect() {
    const { NacosConfigClient } = require('nacos');
    client = new NacosConfigClient({ serverAddr: server, namespace: '', requestTimeout: 10_000 });
    await client.ready();
  },
  get: (dataId, group) => client.getConfig(dataId, group),
  publish: (dataId, group, content) => client.publishSingle(dataId, group, content),
  listen: (dataId, group, listener) => client.subscribe({ dataId, group }, listener),
  close: () => client.close(),
});
