/**
 * Picks with nacos-sdk-rust-binding-node, from the list which it keeps by its subscription.
 */
'use strict';

const { NacosNamingClient } = require('nacos-sdk-rust-binding-node');

const { measurePicks } = require('./pick-times.cjs');

const [serverAddr, ...services] = process.argv.slice(2);
const client = new NacosNamingClient({ serverAddr, namespace: 'public' });
const pick = (service) => client.selectOneHealthyInstance(service, 'DEFAULT_GROUP');

void measurePicks(services, async (service) => {
  await pick(service);
  return () => pick(service);
});
