/** The calls of config-times.cjs with nacos-sdk-rust-binding-node: `config-rust-binding.cjs SERVER PREFIX KEYS`. It cannot be closed. */
'use strict';

const { measureConfig } = require('./config-times.cjs');
const [server, prefix, keys] = process.argv.slice(2);
let client;

void measureConfig({
  prefix,
  keys: Number(keys),
  connect() {
    const { NacosConfigClient } = require('nacos-sdk-rust-binding-node');
    client = new NacosConfigClient({ serverAddr: server, namespace: '', appName: 'bench' });
  },
  get: (dataId, group) => client.getConfig(dataId, group),
  publish: (dataId, group, content) => client.publishConfig(dataId, group, content),
  listen: (dataId, group, listener) =>
    client.addListener(dataId, group, (_error, version) => listener(version?.content)),
  close: () => undefined,
});
