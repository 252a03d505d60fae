/**
 * Owns a whole dev server without sockets for the unit tests: request order, registry and faults on a fake clock, and
 * clients which talk to it by function calls. What the TCP side does is in the integration tests.
 */
import { Connections, type Peer } from '../../../src/dev-server/connections.js';
import { FaultState } from '../../../src/dev-server/fault-state.js';
import { Pauses } from '../../../src/dev-server/pauses.js';
import { createRegistry, type Registry } from '../../../src/dev-server/registry.js';
import { Rpc } from '../../../src/dev-server/rpc.js';
import { silentLogger } from '../../../src/logger.js';
import { decodeJson, type JsonObject } from '../../../src/wire/json.js';
import type { Payload } from '../../../src/wire/payload.js';
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.js';

export interface Message {
  readonly type: string;
  readonly body: JsonObject;
}

export interface FakeClient {
  readonly peer: Peer;
  /** What the server sent on the stream and was not taken yet. */
  readonly pushed: Message[];
  /** True when the server closed the TCP connection. */
  readonly dropped: boolean;
  /** One unary call. `body` goes out as it is, nulls included. */
  call(type: string, body?: unknown): Promise<Message>;
  /** One message on the stream. */
  send(type: string, body: unknown): void;
  setUp(setup?: JsonObject): void;
  /** Takes the oldest push and acks it. */
  ack(answer?: JsonObject): Message;
  /** The TCP connection goes, by whatever cause. */
  vanish(): void;
}

export interface FakeServer {
  readonly clock: FakeClock;
  readonly connections: Connections;
  readonly faults: FaultState;
  readonly registry: Registry;
  readonly pauses: Pauses;
  /** A TCP connection without a setup. */
  open(): FakeClient;
  /** A registered connection. */
  client(module?: string): FakeClient;
}

export const ABILITIES = { supportPersistentInstanceByGrpc: false, fuzzyWatch: true };

export function aServer(): FakeServer {
  const clock = createFakeClock();
  const connections = new Connections(clock);
  const faults = new FaultState();
  const pauses = new Pauses(clock);
  const registry = createRegistry({ clock, connections, pushDelayMs: 500, dumpDelayMs: 100 });
  const rpc = new Rpc({
    pauses,
    logger: silentLogger,
    connections,
    handlers: registry.handlers,
    faults,
    abilities: ABILITIES,
    accepts: () => true,
  });
  let opened = 0;

  const open = (): FakeClient => {
    opened += 1;
    const pushed: Message[] = [];
    let dropped = false;
    const peer: Peer = {
      connectionId: `1700000000000_10.0.0.9_${String(50_000 + opened)}`,
      remoteIp: '10.0.0.9',
      remotePort: 50_000 + opened,
      drop() {
        if (dropped) return;
        dropped = true;
        connections.remove(peer);
      },
    };
    const stream = {
      write: (payload: Payload) => pushed.push(toMessage(payload)),
      end: () => undefined,
    };
    const client: FakeClient = {
      peer,
      pushed,
      get dropped() {
        return dropped;
      },
      call: async (type, body = {}) => toMessage(await rpc.answer(peer, toPayload(type, body))),
      send: (type, body) => rpc.takeFromStream(peer, stream, toPayload(type, body)),
      setUp(setup = {}) {
        client.send('ConnectionSetupRequest', {
          clientVersion: 'Nacos-NodeJS-Client:v1.0.0',
          tenant: 'public',
          labels: { source: 'sdk', module: 'naming' },
          ...setup,
        });
      },
      ack(answer = { resultCode: 200, errorCode: 0, success: true }) {
        const message = pushed.shift();
        if (message === undefined) throw new Error('nothing was pushed');
        const requestId = message.body['requestId'];
        client.send(message.type.replace('Request', 'Response'), { ...answer, requestId });
        return message;
      },
      vanish: () => peer.drop(),
    };
    return client;
  };
  return {
    clock,
    connections,
    faults,
    registry,
    pauses,
    open,
    client(module = 'naming') {
      const client = open();
      client.setUp({ labels: { source: 'sdk', module } });
      return client;
    },
  };
}

/** Names of a service in requests. */
export function target(service = 'orders', more: JsonObject = {}): JsonObject {
  return { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName: service, ...more };
}

export function anInstance(more: JsonObject = {}): JsonObject {
  return {
    ip: '10.0.0.1',
    port: 80,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    clusterName: 'DEFAULT',
    metadata: {},
    ...more,
  };
}

export function registration(
  instance: JsonObject = {},
  more: JsonObject = {},
  type = 'registerInstance',
): JsonObject {
  return { ...target(), type, instance: anInstance(instance), ...more };
}

export function subscription(more: JsonObject = {}): JsonObject {
  return { ...target(), subscribe: true, clusters: '', ...more };
}

export function query(more: JsonObject = {}): JsonObject {
  return { ...target(), cluster: '', healthyOnly: false, udpPort: 0, ...more };
}

/** `ip:port` of each host of an answer or a push. */
export function hostsOf(message: Message): readonly string[] {
  return hostObjects(message).map((host) => `${String(host['ip'])}:${String(host['port'])}`);
}

export function hostObjects(message: Message): readonly JsonObject[] {
  const info = message.body['serviceInfo'] as
    { readonly hosts?: readonly JsonObject[] } | undefined;
  return info?.hosts ?? [];
}

function toPayload(type: string, body: unknown): Payload {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body);
  return { type, headers: {}, clientIp: '10.0.0.5', body: new TextEncoder().encode(bytes) };
}

function toMessage(payload: Payload): Message {
  return { type: payload.type, body: decodeJson(payload.body, payload.type) };
}
