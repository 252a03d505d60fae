/**
 * Picks with npm nacos: it selects the usable instances of its cached list, its user takes one of them at random.
 */
'use strict';

const { NacosNamingClient } = require('nacos');

const { measurePicks } = require('./pick-times.cjs');

const [serverList, ...services] = process.argv.slice(2);
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const client = new NacosNamingClient({ logger, serverList, namespace: 'public' });

async function pick(service) {
  const instances = await client.selectInstances(service);
  return instances[Math.floor(Math.random() * instances.length)];
}

void client.ready().then(() =>
  measurePicks(services, async (service) => {
    await pick(service);
    return () => pick(service);
  }),
);
