import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { errorResponse, type FakeServer } from '../../helpers/fake-transport.js';
import { aReadySession } from '../../helpers/session-fixture.js';

const checksOf = (server: FakeServer): number => server.last.countOf('HealthCheckRequest');

describe('the heartbeat', () => {
  it('trap 8: sends a health check for every 5 s of silence', async () => {
    const { server, clock } = await aReadySession();
    await clock.advance(4999);
    expect(checksOf(server)).toBe(0);
    await clock.advance(1);
    expect(checksOf(server)).toBe(1);
    await clock.advance(15_000);
    expect(checksOf(server)).toBe(4);
    expect(server.connections).toHaveLength(1);
  });

  it('counts an answer to a request as a sign of life', async () => {
    const { server, clock, session } = await aReadySession();
    await clock.advance(4000);
    await session.request('ServiceListRequest', {});
    await clock.advance(4000);
    expect(checksOf(server)).toBe(0);
    await clock.advance(1000);
    expect(checksOf(server)).toBe(1);
  });

  it('counts a message of the server as a sign of life', async () => {
    const { server, clock } = await aReadySession();
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1000);
      server.last.push('ClientDetectionRequest', { requestId: '1' });
    }
    expect(checksOf(server)).toBe(0);
  });

  it('replaces a connection after two checks without an answer', async () => {
    const { server, clock, session } = await aReadySession();
    const [first] = server.connections;
    server.answers.set('HealthCheckRequest', () => 'hang');
    await clock.advance(5000 + 3000);
    expect(session.state).toBe('ready');
    expect(first?.countOf('HealthCheckRequest')).toBe(1);
    // Then a pause of up to 500 ms, half of it here, and the second one, with a third of the time.
    await clock.advance(250 + 1000 - 1);
    expect(first?.countOf('HealthCheckRequest')).toBe(2);
    expect(first?.closed).toBe(false);
    server.answers.delete('HealthCheckRequest');
    await clock.advance(1);
    expect(first?.closed).toBe(true);
    await settle();
    expect(server.connections).toHaveLength(2);
    expect(session.state).toBe('ready');
  });

  it('forgives one check without an answer', async () => {
    const { server, clock, session } = await aReadySession();
    let asked = 0;
    server.answers.set('HealthCheckRequest', (request) =>
      (asked += 1) % 2 === 1 ? 'hang' : server.usual(request),
    );
    await clock.advance(60_000);
    expect(asked).toBeGreaterThan(8);
    expect(server.connections).toHaveLength(1);
    expect(session.state).toBe('ready');
  });

  it('replaces a connection at once which the server does not know any more', async () => {
    const { server, clock } = await aReadySession();
    server.answers.set('HealthCheckRequest', (request, connection) =>
      connection === server.connections[0] ? errorResponse(301) : server.usual(request),
    );
    await clock.advance(5000);
    await settle();
    expect(server.connections[0]?.closed).toBe(true);
    expect(server.connections).toHaveLength(2);
  });

  it.each([300, 500, 503])('takes a server that answers %i for alive', async (errorCode) => {
    const { server, clock } = await aReadySession();
    server.answers.set('HealthCheckRequest', () => errorResponse(errorCode));
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(1);
  });

  it('stops with its connection and never holds the process', async () => {
    const { server, clock, session } = await aReadySession();
    server.answers.set('HealthCheckRequest', () => 'hang');
    await clock.advance(5500);
    expect(clock.pending).toBeGreaterThan(0);
    expect(clock.holding).toBe(0);
    await session.close();
    await settle();
    expect(clock.pending).toBe(0);
  });
});
