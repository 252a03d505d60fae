/** The variables and the file of the original's README, with effect on a server; each option by itself is in the other files. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { aFlagScene, eventually } from './flags-scene.js';

it('the five variables of the original register the app as they say', async () => {
  await using scene = await aFlagScene();
  await scene.start([], {
    env: {
      NACOS_SERVER: scene.dev.address,
      NACOS_NAMESPACE: 'dev',
      NACOS_SERVICE_NAME: 'demo.api',
      NACOS_SERVICE_PORT: '8000',
      NACOS_SERVICE_IP: '203.0.113.7',
    },
  });
  await eventually(() => {
    expect(scene.dev.instances('demo.api', { namespace: 'dev' })).toMatchObject([
      { ip: '203.0.113.7', port: 8000 },
    ]);
  });
});

const FILE = (server: string): string => `
nacos:
  server: ${server}
  namespace: dev
service:
  name: demo.api
  ip: 203.0.113.7
  port: 8000
  group: shop
  cluster: hz
  weight: 2.5
  metadata:
    version: 1.0.0
registration:
  auto_register: true
  register_on_startup: false
  register_on_request: true
  retry_times: 1
  retry_interval: 0.1
discovery:
  empty_protection: false
heartbeat:
  interval: 1
  timeout: 2
shutdown:
  graceful: true
  timeout: 5
  deregister: true
logging:
  level: INFO
  file: nacos.log
`;

it('every key of nacos.yaml of the original counts', async () => {
  await using scene = await aFlagScene();
  scene.dev.faults.fail('InstanceRequest', { errorCode: 400, message: 'not today', times: 2 });
  const app = await scene.start([], {
    env: { NACOS_SERVER: '' },
    files: { 'nacos.yaml': FILE(scene.dev.address) },
  });
  const log = (): string => readFileSync(path.join(app.folder, 'nacos.log'), 'utf8');
  await eventually(async () => {
    await app.get('/');
    expect(log()).toContain('is not registered after 2 attempts');
  });
  await eventually(() => {
    const options = { namespace: 'dev' };
    expect(scene.dev.instances({ name: 'demo.api', group: 'shop' }, options)).toMatchObject([
      {
        ip: '203.0.113.7',
        port: 8000,
        cluster: 'hz',
        weight: 2.5,
        metadata: { version: '1.0.0' },
      },
    ]);
  });
  await eventually(() => expect(scene.asked('HealthCheckRequest')).toBeGreaterThan(0));
  app.child.kill('SIGTERM');
  expect(await app.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(log()).toContain('deregistered demo.api');
});
