/** What the flags on calls by name do, seen at a dev server and from outside. */
import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startEcho } from '../helpers/echo-server.js';
import { aFlagScene, effect } from './flags-scene.js';

effect(['discovery.propagate'], 'hands these headers on, and no others', async () => {
  await using scene = await aFlagScene();
  await using client = createClient({ server: scene.dev.address, logger: silentLogger });
  await using called = await startEcho();
  await client.naming.register('called', { ip: '127.0.0.1', port: called.port });
  const hands = await scene.start(['--service-name', 'hands', '--propagate', 'X-Tag,lane']);
  const keeps = await scene.start(['--service-name', 'keeps']);
  for (const app of [hands, keeps]) await scene.listed(app === hands ? 'hands' : 'keeps');
  const call = async (port: number): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/call?http://called/`, {
      headers: { 'x-tag': 'gray', 'x-other': 'no', baggage: 'lane=7,user=1', connection: 'close' },
    });
    expect(await response.text()).toMatch(/^answered/);
  };
  await call(hands.port);
  expect(called.headers).toMatchObject([
    { host: 'called', 'x-tag': 'gray', lane: '7', baggage: 'x-tag=gray,lane=7' },
  ]);
  await call(keeps.port);
  for (const name of ['x-tag', 'lane', 'baggage']) {
    expect(called.headers[1]).not.toHaveProperty(name);
  }
  expect(called.headers[0]).not.toHaveProperty('x-other');
});
