/** What the flags on the registry, the login, the service and the network do, seen at a dev server. */
import { networkInterfaces } from 'node:os';

import { expect } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { aFlagScene, effect, eventually, expectNothing } from './flags-scene.js';

effect(['server'], 'registers there, whatever the variable says', async () => {
  await using scene = await aFlagScene();
  await using other = await startDevServer({ port: 0 });
  await scene.start(['--service-name', 'orders', '--nacos-server', other.address]);
  await eventually(() => expect(other.instances('orders')).toHaveLength(1));
  expectNothing(scene.dev, 'orders');
});

effect(['namespace'], 'registers in that namespace only', async () => {
  await using scene = await aFlagScene();
  await scene.start(['--service-name', 'orders', '--namespace', 'dev']);
  await eventually(() => {
    expect(scene.dev.instances('orders', { namespace: 'dev' })).toHaveLength(1);
  });
  expectNothing(scene.dev, 'orders');
});

effect(['username', 'password'], 'log in, and are shown nowhere', async () => {
  await using scene = await aFlagScene({ auth: { username: 'ann', password: 'hunter2' } });
  const flags = ['--service-name', 'orders', '--log-level', 'debug'];
  const { child } = await scene.start([...flags, '--username', 'ann', '--password', 'hunter2']);
  await scene.listed('orders');
  expect(scene.dev.logins).toBe(1);
  expect(child.lines.join()).not.toContain('hunter2');
});

effect(
  ['username', 'password'],
  'that are wrong register nothing, and one line says so',
  async () => {
    await using scene = await aFlagScene({ auth: { username: 'ann', password: 'hunter2' } });
    const flags = ['--service-name', 'orders', '--username', 'ann', '--password', 'wrong-one'];
    const { child } = await scene.start(flags);
    const [line] = await child.line(/nacos.*(login|log in|user|password)/i);
    expect(line).not.toContain('wrong-one');
    expectNothing(scene.dev, 'orders');
  },
);

effect(
  [
    'service.name',
    'service.ip',
    'service.port',
    'service.group',
    'service.cluster',
    'service.weight',
    'service.metadata',
  ],
  'stand in the row of the registry',
  async () => {
    await using scene = await aFlagScene();
    await scene.start([
      ...['--service-name', 'demo.api', '--service-ip', '203.0.113.7', '--service-port', '8000'],
      ...['--service-group', 'shop', '--service-cluster', 'hz', '--service-weight', '0.5'],
      ...['--metadata', 'version=1.0.0', '--metadata', 'zone=a'],
    ]);
    await eventually(() => {
      expect(scene.dev.instances({ name: 'demo.api', group: 'shop' })).toMatchObject([
        {
          ip: '203.0.113.7',
          port: 8000,
          cluster: 'hz',
          weight: 0.5,
          metadata: { version: '1.0.0', zone: 'a' },
        },
      ]);
    });
    expectNothing(scene.dev, 'demo.api');
  },
);

effect(
  ['service.advertised_ip', 'service.advertised_port'],
  'are registered instead of what is bound',
  async () => {
    await using scene = await aFlagScene();
    const flags = ['--advertised-ip', '203.0.113.7', '--advertised-port', '30080'];
    const { port } = await scene.start(['--service-name', 'orders', ...flags]);
    expect(await scene.listed('orders')).toMatchObject({ ip: '203.0.113.7', port: 30_080 });
    expect(port).not.toBe(30_080);
  },
);

/** What this machine has for others to reach it by. */
const OWN = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
const OUTSIDE = OWN.filter(({ internal }) => !internal).map(({ address }) => address);
const IPV6 = OUTSIDE.filter((address) => address.includes(':') && !address.startsWith('fe80'));

effect(['network.prefer'], 'chooses the address of that network', async () => {
  await using scene = await aFlagScene();
  await scene.start(['--service-name', 'plain']);
  const { ip } = await scene.listed('plain');
  // By itself IPv4 goes before IPv6. A machine without IPv6 has to do with the reason.
  const preferred = IPV6[0] ?? ip;
  const { child } = await scene.start([
    ...['--service-name', 'orders', '--show-detection'],
    ...['--network-prefer', `10.254.0.0/16,${preferred}`],
  ]);
  expect(await scene.listed('orders')).toMatchObject({ ip: preferred });
  await child.line(/^nacos-serving detected address \+ .* preferred by network\.prefer/);
});

effect(['network.ignore'], 'never takes the address of that network', async () => {
  await using scene = await aFlagScene();
  const all = OUTSIDE.join(',');
  await scene.start(['--service-name', 'orders', '--network-ignore', all]);
  // What is left is loopback, which is good enough for a registry on the same machine.
  const { ip } = await scene.listed('orders');
  expect(['127.0.0.1', '::1']).toContain(ip);
});

effect(['network.family'], 'takes addresses of that kind only', async () => {
  await using scene = await aFlagScene();
  await scene.start(['--service-name', 'four', '--network-family', 'ipv4']);
  expect((await scene.listed('four')).ip).toMatch(/^[\d.]+$/);
  const { child } = await scene.start(['--service-name', 'six', '--network-family', 'ipv6']);
  if (IPV6.length > 0) expect((await scene.listed('six')).ip).toContain(':');
  else await child.line(/no usable address/);
});
