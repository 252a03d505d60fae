import { describe, expect, it } from 'vitest';

import {
  Connections,
  type AckResult,
  type Connection,
  type Peer,
} from '../../../src/dev-server/connections.js';
import { IdleCheck } from '../../../src/dev-server/idle-check.js';
import type { Payload } from '../../../src/wire/payload.js';
import { decodeJson } from '../../../src/wire/json.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { aServer } from './fixture.js';

describe('acks', () => {
  it('matches an ack by the id of the request, on the connection it was sent on', async () => {
    const { a, b, ask } = twoConnections();
    const fromA = ask(a);
    const fromB = ask(b);
    b.connection.takeAck({ resultCode: 200, requestId: a.lastId() });
    await settle();
    expect([fromA.result, fromB.result]).toEqual([undefined, undefined]);
    a.connection.takeAck({ resultCode: 200, requestId: a.lastId() });
    b.connection.takeAck({ resultCode: 500, requestId: b.lastId() });
    await settle();
    expect([fromA.result, fromB.result]).toEqual(['acked', 'failed']);
  });

  it('gives each request its own id, over all connections', () => {
    const { a, b, ask } = twoConnections();
    ask(a);
    ask(b);
    ask(a);
    expect(new Set([...a.ids(), ...b.ids()]).size).toBe(3);
  });

  it('fails a request without ack in time, and lets a late ack pass', async () => {
    const { a, ask, clock } = twoConnections();
    const asked = ask(a);
    await clock.advance(1000);
    expect(asked.result).toBe('failed');
    a.connection.takeAck({ resultCode: 200, requestId: a.lastId() });
    expect(clock.pending).toBe(0);
  });

  it('counts a request as gone when the stream or the connection ends, and sends nothing more', async () => {
    const { a, b, ask, clock, connections } = twoConnections();
    const [fromA, fromB] = [ask(a), ask(b)];
    a.connection.streamEnded();
    connections.remove(b.connection.peer);
    await settle();
    expect([fromA.result, fromB.result]).toEqual(['gone', 'gone']);
    const again = ask(a);
    await settle();
    expect(again.result).toBe('gone');
    expect(a.ids()).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('stays registered when only its stream ends', () => {
    const { a, connections } = twoConnections();
    a.connection.streamEnded();
    expect(connections.find(a.connection.peer)).toBe(a.connection);
  });

  it('tells of a connection that is gone once', () => {
    const { a, connections } = twoConnections();
    const gone: string[] = [];
    connections.onGone(({ id }) => gone.push(id));
    connections.remove(a.connection.peer);
    connections.remove(a.connection.peer);
    expect(gone).toEqual([a.connection.id]);
  });
});

describe('idle check', () => {
  it('asks a connection after 20 s of silence and closes it without an answer 5 s later', async () => {
    const server = aServer();
    const check = new IdleCheck({ ...server, isPaused: () => false });
    check.start();
    const client = server.client();
    await server.clock.advance(19_000);
    expect(client.pushed).toEqual([]);
    await server.clock.advance(3000);
    expect(client.pushed.map(({ type }) => type)).toEqual(['ClientDetectionRequest']);
    await server.clock.advance(4999);
    expect(client.dropped).toBe(false);
    await server.clock.advance(1);
    expect(client.dropped).toBe(true);
    expect(server.connections.all()).toEqual([]);
    check.stop();
    expect(server.clock.pending).toBe(0);
  });

  it('leaves a connection alone that answers, or that sends requests', async () => {
    const server = aServer();
    const check = new IdleCheck({ ...server, isPaused: () => false });
    check.start();
    const silent = server.client();
    const busy = server.client();
    for (let second = 0; second < 120; second += 5) {
      await busy.call('HealthCheckRequest');
      await server.clock.advance(5000);
      if (silent.pushed.length > 0) silent.ack();
    }
    expect(silent.dropped).toBe(false);
    expect(busy.pushed).toEqual([]);
    check.stop();
  });

  it('asks nobody while it is paused', async () => {
    const server = aServer();
    let paused = true;
    const check = new IdleCheck({ ...server, isPaused: () => paused });
    check.start();
    const client = server.client();
    await server.clock.advance(120_000);
    expect(client.pushed).toEqual([]);
    paused = false;
    await server.clock.advance(3000);
    expect(client.pushed).toHaveLength(1);
    check.stop();
  });
});

interface Side {
  readonly connection: Connection;
  lastId(): string;
  ids(): readonly string[];
}

function twoConnections() {
  const clock = createFakeClock();
  const connections = new Connections(clock);
  const side = (port: number): Side => {
    const sent: Payload[] = [];
    const peer: Peer = {
      connectionId: `1_10.0.0.9_${String(port)}`,
      remoteIp: '10.0.0.9',
      remotePort: port,
      drop: () => undefined,
    };
    const connection = connections.register({
      peer,
      setup: { clientVersion: 'x', tenant: '', labels: {}, abilityTable: undefined },
      clientIp: '10.0.0.5',
      stream: { write: (payload) => sent.push(payload), end: () => undefined },
    });
    const ids = (): readonly string[] =>
      sent.map(({ type, body }) => String(decodeJson(body, type)['requestId']));
    return { connection, ids, lastId: () => ids().at(-1) ?? '' };
  };
  const ask = ({ connection }: Side): { result: AckResult | undefined } => {
    const asked: { result: AckResult | undefined } = { result: undefined };
    void connection.request('ClientDetectionRequest', {}, 1000).then((result) => {
      asked.result = result;
    });
    return asked;
  };
  return { clock, connections, a: side(1), b: side(2), ask };
}
