import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { createTestRegistry } from 'nacos-serving/testing';

import { PriceList } from './price-list.js';

let registry;
let prices;
beforeEach(() => {
  registry = createTestRegistry();
  prices = new PriceList(registry);
});
afterEach(async () => {
  await prices.close();
  await registry.close();
});

test('asks an instance of version 2', async () => {
  await registry.setInstances('prices', [
    { ip: '10.0.0.1', port: 80, metadata: { version: '1' } },
    { ip: '10.0.0.2', port: 80, metadata: { version: '2' } },
  ]);
  assert.equal((await prices.next()).url, 'http://10.0.0.2:80/prices');
});

test('takes the currency from the config, from the moment it changes', async () => {
  await registry.setInstances('prices', [{ ip: '10.0.0.2', port: 80, metadata: { version: '2' } }]);
  assert.equal((await prices.next()).currency, 'EUR');
  await registry.setConfig('shop.json', '{"currency":"CHF"}');
  assert.equal((await prices.next()).currency, 'CHF');
});

test('keeps the currency through an outage', async () => {
  await registry.setConfig('shop.json', '{"currency":"CHF"}');
  await registry.setInstances('prices', [{ ip: '10.0.0.2', port: 80, metadata: { version: '2' } }]);
  await prices.next();
  await registry.startOutage();
  // Time stands still: who waits for Nacos goes on waiting until it passes.
  const asked = assert.rejects(prices.next(), { code: 'NOT_CONNECTED' });
  await registry.advance(3000);
  await asked;
  await registry.endOutage();
  assert.equal((await prices.next()).currency, 'CHF');
});

test('says that there is nobody to ask', async () => {
  await assert.rejects(prices.next(), { code: 'NO_INSTANCE' });
});
