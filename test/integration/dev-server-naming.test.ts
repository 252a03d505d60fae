import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { connectRaw, type RawClient } from '../helpers/raw-client.js';

let server: DevServer;
const clients: RawClient[] = [];

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 20 });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await server.close();
});

describe('thin path', () => {
  it('registers, lists and pushes', async () => {
    const a = await registered();
    const b = await registered();
    const key = { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName: 'orders' };
    const sub = await b.unary('SubscribeServiceRequest', { ...key, subscribe: true, clusters: '' });
    expect(sub.body).toMatchObject({ resultCode: 200, serviceInfo: { hosts: [] } });
    const answer = await a.unary('InstanceRequest', {
      ...key,
      type: 'registerInstance',
      instance: {
        ip: '10.0.0.1',
        port: 80,
        weight: 1,
        healthy: true,
        enabled: true,
        ephemeral: true,
        clusterName: 'DEFAULT',
        metadata: {},
      },
    });
    expect(answer.body).toMatchObject({ resultCode: 200, type: 'registerInstance' });
    const push = await b.take('NotifySubscriberRequest');
    b.ack(push);
    expect(push.body).toMatchObject({ serviceInfo: { hosts: [{ ip: '10.0.0.1' }] } });
    await a.close();
    const gone = await b.take('NotifySubscriberRequest');
    expect(gone.body).toMatchObject({ serviceInfo: { hosts: [] } });
  });
});

async function registered(): Promise<RawClient> {
  const client = await connectRaw(`127.0.0.1:${String(server.grpcPort)}`);
  clients.push(client);
  await client.unary('ServerCheckRequest');
  client.openStream();
  client.send('ConnectionSetupRequest', {
    clientVersion: 'test:v1',
    labels: { source: 'sdk', module: 'naming' },
    abilityTable: {},
    tenant: 'public',
  });
  await client.take('SetupAckRequest');
  return client;
}
