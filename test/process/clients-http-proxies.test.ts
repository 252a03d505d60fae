/** Clients that read the proxy of the environment themselves: services are called past it, everything else goes through it. */
import { rmSync } from 'node:fs';

import { expect, it } from 'vitest';

import { clientsFolder, startHost } from './client-contract.js';
import { openContractWorld } from './client-contract-world.js';
import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance, startInstance } from '../helpers/instance-server.js';

it.each([
  [
    'axios',
    `const axios = require('axios'); const call = async (url) => (await axios.put(url, 'body')).data;`,
  ],
  [
    'needle',
    `const needle = require('needle');
     const call = async (url) => JSON.parse((await needle('put', url, 'body', { parse_response: false })).body);`,
  ],
])('%s goes to instances past HTTP_PROXY, and to other hosts through it', async (_name, client) => {
  await using one = await startInstance();
  const proxy = await deadInstance();
  const dead = await deadInstance();
  const said = await runHooked(
    `
    ${client}
    await say('service', call('http://orders/p?x=1'));
    await say('again', call('http://half/p'));
    await say('other host', call('http://127.0.0.2/'));
    await say('unknown', call('http://nobody/'));
    await say('ended', hub.ended);
    `,
    {
      routes: { orders: [one], half: [dead, one] },
      env: {
        HTTP_PROXY: `http://user:secret@127.0.0.1:${String(proxy.port)}`,
        NODE_NO_WARNINGS: '1',
      },
    },
  );
  const received = { port: one.port, method: 'PUT', body: 'body', proxyHeaders: [] };
  expect(said['service']?.value).toMatchObject({
    ...received,
    target: '/p?x=1',
    host: 'orders',
  });
  expect(said['again']?.value).toMatchObject({ ...received, target: '/p', host: 'half' });
  for (const label of ['other host', 'unknown']) {
    expect(said[label]?.error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(said[label]?.error?.message).toContain(String(proxy.port));
  }
  expect(said['ended']?.value).toEqual([
    [one.port, 'answered', 200],
    [dead.port, 'unsent', null],
    [one.port, 'answered', 200],
  ]);
});

it('axios does so with the preload, whatever the case of the variable', async () => {
  await using world = await openContractWorld();
  const proxy = await deadInstance();
  const folder = clientsFolder();
  const env = {
    NACOS_SERVER: world.server.address,
    http_proxy: `127.0.0.1:${String(proxy.port)}`,
    NODE_NO_WARNINGS: '1',
  };
  try {
    await using host = await startHost({ folder, driver: 'axios', mode: 'zero-code', env });
    const { received } = await host.call('http://plain/p');
    expect(received).toMatchObject({ port: world.plain.port, target: '/p', host: 'plain' });
    expect((await host.call('http://nobody/')).error).toMatchObject({ code: 'ECONNREFUSED' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('a whole URL of https is called over TLS, under the name of the service', async () => {
  await using tls = await startInstance({ tls: true });
  const proxy = await deadInstance();
  const said = await runHooked(
    `
    const needle = require('needle');
    await say('https', needle('get', 'https://orders/p', { parse_response: false }).then(({ body }) => JSON.parse(body)));
    `,
    {
      routes: { orders: [tls] },
      env: {
        HTTPS_PROXY: `127.0.0.1:${String(proxy.port)}`,
        NODE_EXTRA_CA_CERTS: CERTIFICATE,
        NODE_NO_WARNINGS: '1',
      },
    },
  );
  expect(said['https']?.value).toMatchObject({
    port: tls.port,
    target: '/p',
    host: 'orders',
    servername: 'orders',
  });
});

it('a proxy that the app names itself is left alone', async () => {
  await using one = await startInstance();
  const proxy = await deadInstance();
  const said = await runHooked(
    `
    const axios = require('axios');
    const proxy = { protocol: 'http', host: '127.0.0.1', port: ${String(proxy.port)} };
    await say('named', axios.get('http://orders/', { proxy }));
    await say('asked', hub.asked);
    `,
    { routes: { orders: [one] } },
  );
  expect(said['named']?.error).toMatchObject({ code: 'ECONNREFUSED' });
  expect(said['asked']?.value).toEqual([]);
});
