import { describe, expect, it } from 'vitest';

import type { ConnectionState } from '../../../src/naming-api.js';
import { settle } from '../../helpers/fake-clock.js';
import { errorResponse } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, type SessionFixture } from '../../helpers/session-fixture.js';

/** Milliseconds between one attempt to connect and the next. */
function pausesOf({ server }: SessionFixture): number[] {
  return server.attempts.slice(1).map(({ atMs }, i) => atMs - (server.attempts[i]?.atMs ?? 0));
}

function statesOf({ session }: SessionFixture): ConnectionState[] {
  const states: ConnectionState[] = [];
  session.onState((state) => states.push(state));
  return states;
}

describe('the state of a session', () => {
  it('goes from idle over connecting to ready, and to closed', async () => {
    const fixture = aSession();
    const states = statesOf(fixture);
    expect(fixture.session.state).toBe('idle');
    fixture.session.start();
    await settle();
    await fixture.session.close();
    expect(states).toEqual(['connecting', 'ready', 'closed']);
  });

  it('goes to backoff after a failed attempt, and from there to ready', async () => {
    const fixture = aSession();
    const states = statesOf(fixture);
    fixture.server.reachable = false;
    fixture.session.start();
    await fixture.clock.advance(1000);
    fixture.server.reachable = true;
    await fixture.clock.advance(1000);
    expect(states).toEqual(['connecting', 'backoff', 'ready']);
  });

  it('goes back to connecting when a connection that lasted is lost', async () => {
    const fixture = await aReadySession();
    await fixture.clock.advance(60_000);
    const states = statesOf(fixture);
    fixture.server.last.drop();
    await settle();
    expect(states).toEqual(['connecting', 'ready']);
    expect(fixture.session.epoch).toBe(2);
  });

  it('has a growing epoch, and 0 while there is no connection', async () => {
    const { session, server, clock } = aSession();
    expect(session.epoch).toBe(0);
    session.start();
    await settle();
    expect(session.epoch).toBe(1);
    server.reachable = false;
    server.last.drop();
    expect(session.epoch).toBe(0);
    server.reachable = true;
    await clock.advance(1000);
    expect(session.epoch).toBe(2);
  });

  it('does not change by a second start', async () => {
    const { session, server } = await aReadySession();
    session.start();
    await settle();
    expect(server.connections).toHaveLength(1);
  });

  it('is not harmed by a listener that throws or rejects, and tells the others', async () => {
    const { session, server, clock, log } = aSession();
    const heard: ConnectionState[] = [];
    session.onState(() => {
      throw new Error('broken listener');
    });
    session.onState(() => Promise.reject(new Error('broken promise')) as unknown as undefined);
    session.onState((state) => heard.push(state));
    session.start();
    await clock.advance(60_000);
    expect(heard).toEqual(['connecting', 'ready']);
    expect(server.connections).toHaveLength(1);
    server.last.drop();
    await settle();
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(2);
    expect(log.join('\n')).toContain('broken listener');
    expect(log.join('\n')).toContain('broken promise');
    await session.close();
    expect(heard.at(-1)).toBe('closed');
  });

  it('stops telling a listener that was taken off', async () => {
    const { session } = aSession();
    const heard: ConnectionState[] = [];
    const stop = session.onState((state) => heard.push(state));
    stop();
    session.start();
    await settle();
    expect(heard).toEqual([]);
  });

  it('may be closed by a listener in the middle of becoming ready', async () => {
    const { session, server, clock } = aSession();
    session.onState((state) => {
      if (state === 'ready') void session.close();
    });
    session.start();
    await settle();
    expect(session.state).toBe('closed');
    expect(server.open).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('reconnecting', () => {
  it('trap 2: goes through the whole handshake on a new connection, never through the old one', async () => {
    const { server, clock } = await aReadySession();
    await clock.advance(60_000);
    const [first] = server.connections;
    first?.drop();
    await settle();
    const [, second] = server.connections;
    expect(second).not.toBe(first);
    expect(second?.unarySent[0]?.type).toBe('ServerCheckRequest');
    expect(second?.streamSent[0]?.type).toBe('ConnectionSetupRequest');
    expect(second?.streams).toBe(1);
  });

  it('waits longer after each failure, up to 5 s, with a random part', async () => {
    const fixture = aSession();
    fixture.server.reachable = false;
    fixture.session.start();
    await fixture.clock.advance(30_000);
    const pauses = pausesOf(fixture);
    // Three quarters of the full step: half of the step is random, and the fake gives the middle.
    expect(pauses.slice(0, 7)).toEqual([75, 150, 300, 600, 1200, 2400, 3750]);
    expect(new Set(pauses.slice(6))).toEqual(new Set([3750]));
  });

  it.each([
    [0, 50, 2500],
    [0.9999, 100, 5000],
  ])('takes between half of a step and all of it (random %d)', async (random, first, last) => {
    const fixture = aSession();
    fixture.clock.setRandom(() => random);
    fixture.server.reachable = false;
    fixture.session.start();
    await fixture.clock.advance(60_000);
    const pauses = pausesOf(fixture);
    expect(pauses[0]).toBeCloseTo(first, 1);
    expect(pauses.at(-1)).toBeCloseTo(last, 0);
  });

  it('starts with short pauses again after a success', async () => {
    const fixture = aSession();
    const { server, session, clock } = fixture;
    server.reachable = false;
    session.start();
    await clock.advance(30_000);
    server.reachable = true;
    await clock.advance(10_000);
    expect(session.state).toBe('ready');
    await clock.advance(10_000);
    server.reachable = false;
    server.attempts.length = 0;
    server.last.drop();
    await clock.advance(1000);
    expect(pausesOf(fixture).slice(0, 3)).toEqual([75, 150, 300]);
  });

  it('connects at once when a connection is lost that lasted', async () => {
    const { server, clock } = await aReadySession();
    await clock.advance(5000);
    server.last.drop();
    await settle();
    expect(server.connections).toHaveLength(2);
  });

  it('slows down when connections end as soon as they stand', async () => {
    const fixture = aSession();
    const { server, session, clock } = fixture;
    session.onState((state) => {
      if (state === 'ready') queueMicrotask(() => server.last.drop());
    });
    session.start();
    await clock.advance(60_000);
    expect(pausesOf(fixture).slice(0, 7)).toEqual([75, 150, 300, 600, 1200, 2400, 3750]);
    expect(server.connections.length).toBeLessThan(25);
  });

  it('goes on to the next server of the list, over dead ones', async () => {
    const { server, session, clock } = aSession(['a', 'b', 'c']);
    server.dead.add('a').add('b');
    session.start();
    await clock.advance(1000);
    expect(server.attempts.map((attempt) => attempt.host)).toEqual(['a', 'b', 'c']);
    expect(server.last.endpoint.host).toBe('c');
    await clock.advance(60_000);
    server.dead.delete('a');
    server.dead.add('c');
    server.last.drop();
    await clock.advance(1000);
    expect(server.last.endpoint.host).toBe('a');
  });

  it('lets the pauses grow with each turn through the list, not with each server', async () => {
    const fixture = aSession(['a', 'b', 'c']);
    fixture.server.reachable = false;
    fixture.session.start();
    await fixture.clock.advance(2000);
    expect(pausesOf(fixture).slice(0, 7)).toEqual([75, 75, 75, 150, 150, 150, 300]);
  });

  it('says once that no server answers, and that one does again', async () => {
    const { server, session, clock, log } = aSession(['a', 'b']);
    server.reachable = false;
    session.start();
    await clock.advance(60_000);
    const warnings = log.filter((line) => line.includes(' warn '));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('b:8848');
    server.reachable = true;
    await clock.advance(10_000);
    expect(log.at(-1)).toContain('connected to Nacos');
  });

  it('starts over when an answer says that the connection is not registered', async () => {
    const { server, session, clock } = await aReadySession();
    await clock.advance(60_000);
    const [first] = server.connections;
    server.answers.set('ServiceListRequest', (request, connection) =>
      connection === first ? errorResponse(301) : server.usual(request),
    );
    const answered = session.request('ServiceListRequest', {});
    await clock.advance(200);
    expect(await answered).toMatchObject({ resultCode: 200 });
    expect(first?.closed).toBe(true);
    expect(server.connections).toHaveLength(2);
  });

  it('starts over when the server has lost its naming client for the connection (-401)', async () => {
    const { server, session, clock } = await aReadySession();
    await clock.advance(60_000);
    const [first] = server.connections;
    server.answers.set('InstanceRequest', (request, connection) =>
      connection === first ? errorResponse(-401) : server.usual(request),
    );
    const answered = session.request('InstanceRequest', {});
    await clock.advance(200);
    expect(await answered).toMatchObject({ resultCode: 200 });
    expect(server.connections).toHaveLength(2);
  });

  it('makes one new connection when many requests hear that at once', async () => {
    const { server, session, clock } = await aReadySession();
    await clock.advance(60_000);
    const [first] = server.connections;
    server.answers.set('ServiceListRequest', (request, connection) =>
      connection === first ? errorResponse(301) : server.usual(request),
    );
    const answers = Promise.all(
      Array.from({ length: 50 }, () => session.request('ServiceListRequest', {})),
    );
    await clock.advance(500);
    expect(await answers).toHaveLength(50);
    expect(server.connections).toHaveLength(2);
  });
});

describe('closing a session', () => {
  it('closes every connection and leaves no timer', async () => {
    const { server, session, clock } = await aReadySession();
    await session.close();
    await session.close();
    expect(session.state).toBe('closed');
    expect(server.open).toEqual([]);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(1);
  });

  it('ends the pause before the next attempt', async () => {
    const { server, session, clock } = aSession();
    server.reachable = false;
    session.start();
    await clock.advance(10_000);
    await session.close();
    await settle();
    expect(clock.pending).toBe(0);
    expect(clock.holding).toBe(0);
    const { length } = server.attempts;
    await clock.advance(60_000);
    expect(server.attempts).toHaveLength(length);
  });

  it('cannot be undone by start', async () => {
    const { server, session, clock } = aSession();
    await session.close();
    session.start();
    await clock.advance(1000);
    expect(session.state).toBe('closed');
    expect(server.attempts).toEqual([]);
    await expect(session.ready()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
