import { describe, expect, it } from 'vitest';

import { aRegistry } from '../../helpers/fake-registry.js';
import { settle } from '../../helpers/fake-clock.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

const RESET = 'ConnectResetRequest';

describe('a server that asks us to move', () => {
  it('trap 9: gets its wish if the target is listed, at the port of the list', async () => {
    const { server, clock } = await aReadySession(['a', 'b', 'c']);
    await clock.advance(60_000);
    server.last.push(RESET, { requestId: '1', serverIp: 'c', serverPort: 'not a number' });
    await settle();
    expect(server.last.endpoint).toEqual({ host: 'c', port: 8848, grpcPort: 9848 });
  });

  it('trap 9: cannot send us to a server that is not listed: we go to another one of ours', async () => {
    const { server, clock } = await aReadySession(['a', 'b', 'c']);
    await clock.advance(60_000);
    server.last.push(RESET, { requestId: '1', serverIp: '6.6.6.6', serverPort: '8848' });
    await settle();
    expect(server.attempts.map((attempt) => attempt.host)).toEqual(['a', 'b']);
  });

  it('is left for a new connection even if it is the only one', async () => {
    const { server, session, clock } = await aReadySession();
    await clock.advance(60_000);
    server.last.push(RESET, { requestId: '1' });
    await settle();
    expect(server.connections).toHaveLength(2);
    expect(session.epoch).toBe(2);
  });

  it('keeps us until the new connection stands; the state stays ready', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const states: string[] = [];
    session.onState((state) => states.push(state));
    const [old] = server.connections;
    server.acknowledges = false;
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await clock.advance(3000);
    expect(session.state).toBe('ready');
    expect(old?.closed).toBe(false);
    await session.request('ServiceListRequest', {});
    expect(old?.sentTypes()).toEqual(['ServiceListRequest']);
    server.last.push('SetupAckRequest', { abilityTable: {} });
    await settle();
    await session.request('ServiceListRequest', {});
    expect(server.connections[1]?.sentTypes()).toEqual(['ServiceListRequest']);
    await clock.advance(1000);
    expect(old?.closed).toBe(true);
    expect(states).toEqual([]);
  });

  it('is told on the new connection of everything before the old one ends', async () => {
    const { server, naming, clock } = await aReadySession(['a', 'b']);
    const registry = aRegistry(server, 'replacing');
    await naming.register('orders', { ip: '10.1.1.1', port: 80 });
    await clock.advance(60_000);
    const [old] = server.connections;
    // The new server is slow: its answers take 2.5 s.
    server.answers.set('InstanceRequest', async (request, connection) => {
      await new Promise<void>((resolve) => clock.after(2500, resolve));
      return registry.carryOut(request, connection);
    });
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    for (let waitedMs = 0; waitedMs < 5000; waitedMs += 100) {
      await clock.advance(100);
      expect(registry.rows('orders')).toEqual(['10.1.1.1:80']);
    }
    expect(old?.closed).toBe(true);
    expect(server.open).toHaveLength(1);
    expect(registry.instances('orders')).toHaveLength(1);
  });

  it('does not keep the old connection for ever when the new server confirms nothing', async () => {
    const { server, naming, clock } = await aReadySession(['a', 'b']);
    aRegistry(server, 'replacing');
    await naming.register('orders', { ip: '10.1.1.1', port: 80 });
    await clock.advance(60_000);
    const [old] = server.connections;
    server.answers.set('InstanceRequest', () => 'hang');
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await clock.advance(10_100);
    expect(old?.closed).toBe(true);
  });

  it('keeps us while the move fails, and is tried again until it works', async () => {
    const { server, session, clock, log } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const [old] = server.connections;
    server.dead.add('a').add('b');
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await clock.advance(20_000);
    expect(session.state).toBe('ready');
    expect(old?.closed).toBe(false);
    await session.request('ServiceListRequest', {});
    expect(server.attempts.length).toBeGreaterThan(3);
    expect(log.filter((line) => line.includes(' warn '))).toEqual([]);
    server.dead.clear();
    await clock.advance(5000);
    expect(session.epoch).toBe(2);
    await clock.advance(2000);
    expect(old?.closed).toBe(true);
  });

  it('may break during a failing move: the next attempt does not wait for the pause', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const [old] = server.connections;
    server.dead.add('a').add('b');
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await clock.advance(60_000);
    server.dead.clear();
    old?.drop();
    await settle();
    expect(session.state).toBe('ready');
    expect(session.epoch).toBe(2);
  });

  it('may break before the new connection stands', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const [old] = server.connections;
    server.acknowledges = false;
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await settle();
    old?.drop();
    await settle();
    expect(session.state).toBe('connecting');
    server.last.push('SetupAckRequest', { abilityTable: {} });
    await settle();
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(2);
  });

  it('may break during its handover without harm', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const [old] = server.connections;
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await settle();
    old?.drop();
    await clock.advance(60_000);
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(2);
  });

  it('is not obeyed twice for one connection', async () => {
    const { server, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    const [old] = server.connections;
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await settle();
    old?.push(RESET, { requestId: '2', serverIp: 'b' });
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(2);
  });

  it('asks again before the new connection stands, which does not haunt us later', async () => {
    const { server, clock } = await aReadySession(['a', 'b', 'c']);
    await clock.advance(60_000);
    const [old] = server.connections;
    server.acknowledges = false;
    old?.push(RESET, { requestId: '1', serverIp: 'b' });
    await settle();
    old?.push(RESET, { requestId: '2', serverIp: 'a' });
    server.acknowledges = true;
    server.last.push('SetupAckRequest', { abilityTable: {} });
    await clock.advance(60_000);
    server.last.drop();
    await settle();
    expect(server.attempts.map((attempt) => attempt.host)).toEqual(['a', 'b', 'b']);
  });

  it('lets a request finish that was under way on the old connection', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    server.answers.set('ServiceListRequest', async (request) => {
      await new Promise<void>((resolve) => clock.after(500, resolve));
      return server.usual(request);
    });
    const answer = outcomeOf(session.request('ServiceListRequest', {}));
    server.last.push(RESET, { requestId: '1', serverIp: 'b' });
    await clock.advance(600);
    expect(answer.state).toBe('resolved');
    expect(server.connections.map((connection) => connection.sentTypes().length)).toEqual([1, 0]);
  });

  it('and closing in the middle of a handover closes both connections and leaves no timer', async () => {
    const { server, session, clock } = await aReadySession(['a', 'b']);
    await clock.advance(60_000);
    server.last.push(RESET, { requestId: '1', serverIp: 'b' });
    await settle();
    expect(server.open).toHaveLength(2);
    await session.close();
    expect(server.open).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('may not be there at all: a reset in the moment of the handshake is answered and left alone', async () => {
    const { server, session, clock } = aSession();
    server.acknowledges = false;
    session.start();
    await settle();
    server.last.push(RESET, { requestId: '5' });
    expect(server.last.streamSent.at(-1)?.body).toMatchObject({ requestId: '5', success: true });
    server.last.push('SetupAckRequest', { abilityTable: {} });
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(1);
  });
});
