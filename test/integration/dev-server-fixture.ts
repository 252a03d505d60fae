/**
 * Owns the raw clients of the dev server's integration tests: connected, set up, and closed with their test. They say
 * each message themselves; no code of the product's client is in the way.
 */
import type { DevServer } from '../../src/dev-server/index.js';
import type { JsonObject } from '../../src/wire/json.js';
import { connectRaw, type RawClient, type RawMessage } from '../helpers/raw-client.js';

export interface Clients {
  /** A TCP connection without a setup. */
  open(target?: string): Promise<RawClient>;
  /** A registered connection, with its SetupAck taken. */
  registered(module?: string, target?: string): Promise<RawClient>;
  closeAll(): Promise<void>;
}

export function clientsOf(server: () => DevServer): Clients {
  const clients: RawClient[] = [];
  const open = async (target = `127.0.0.1:${String(server().grpcPort)}`): Promise<RawClient> => {
    const client = await connectRaw(target);
    clients.push(client);
    return client;
  };
  return {
    open,
    async registered(module = 'naming', target) {
      const client = await open(target);
      await client.unary('ServerCheckRequest');
      setUp(client, module);
      await client.take('SetupAckRequest');
      return client;
    },
    async closeAll() {
      for (const client of clients.splice(0)) await client.close();
    },
  };
}

export function setUp(client: RawClient, module = 'naming'): void {
  client.openStream();
  client.send('ConnectionSetupRequest', {
    clientVersion: 'Nacos-NodeJS-Client:v1.0.0',
    labels: { source: 'sdk', module },
    abilityTable: {},
    tenant: 'public',
  });
}

export function target(serviceName = 'orders'): JsonObject {
  return { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName };
}

export function register(client: RawClient, port = 80, service = 'orders'): Promise<RawMessage> {
  return client.unary('InstanceRequest', {
    ...target(service),
    type: 'registerInstance',
    instance: {
      ip: '10.0.0.1',
      port,
      weight: 1,
      healthy: true,
      enabled: true,
      ephemeral: true,
      clusterName: 'DEFAULT',
      metadata: {},
    },
  });
}

export function subscribe(client: RawClient, service = 'orders'): Promise<RawMessage> {
  const body = { ...target(service), subscribe: true, clusters: '' };
  return client.unary('SubscribeServiceRequest', body);
}

export function query(client: RawClient, service = 'orders'): Promise<RawMessage> {
  const body = { ...target(service), cluster: '', healthyOnly: false, udpPort: 0 };
  return client.unary('ServiceQueryRequest', body);
}

/** Ports of the hosts of an answer or a push. */
export function portsOf(message: RawMessage): readonly unknown[] {
  const info = message.body['serviceInfo'] as
    { readonly hosts?: readonly JsonObject[] } | undefined;
  return (info?.hosts ?? []).map((host) => host['port']);
}

export function hasPorts(...ports: readonly number[]): (message: RawMessage) => boolean {
  return (message) =>
    message.type === 'NotifySubscriberRequest' &&
    JSON.stringify(portsOf(message)) === JSON.stringify(ports);
}
