import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { errorResponse } from '../../helpers/fake-transport.js';
import { aReadySession, aSession } from '../../helpers/session-fixture.js';

describe('the handshake', () => {
  it('trap 3: says that it is an sdk client of one module', async () => {
    const { server } = await aReadySession();
    expect(server.last.streamSent[0]?.type).toBe('ConnectionSetupRequest');
    expect(server.last.streamSent[0]?.body).toMatchObject({
      clientVersion: 'Nacos-Test-Client:v0.0.0',
      tenant: 'public',
      labels: { source: 'sdk', module: 'naming', AppName: 'tests' },
    });
    expect(server.last.streamSent[0]?.payload.clientIp).toBe('10.9.8.7');
  });

  it('asks for the server before it opens the stream, and opens one stream only', async () => {
    const { server, session, clock } = aSession();
    server.answers.set('ServerCheckRequest', () => 'hang');
    session.start();
    await settle();
    expect(server.last.streams).toBe(0);
    expect(server.last.streamSent).toEqual([]);
    server.answers.delete('ServerCheckRequest');
    await clock.advance(3100);
    expect(session.state).toBe('ready');
    expect(server.last.streams).toBe(1);
  });

  it('trap 4: sends a table of abilities, without which nothing would be acknowledged', async () => {
    const { server, session, clock } = aSession();
    server.acknowledges = false;
    session.start();
    await settle();
    expect(server.last.streamSent[0]?.body['abilityTable']).toEqual({
      fuzzyWatch: true,
    });
    await clock.advance(4900);
    expect(session.state).toBe('connecting');
    server.last.push('SetupAckRequest', { abilityTable: {} });
    await settle();
    expect(session.state).toBe('ready');
  });

  it('trap 4: without negotiation pauses 100 ms and asks again after a first 301', async () => {
    const { server, session, clock } = aSession();
    server.negotiates = false;
    let asked = 0;
    server.answers.set('HealthCheckRequest', (request) =>
      (asked += 1) === 1
        ? errorResponse(301, 'Connection is unregistered.')
        : server.usual(request),
    );
    session.start();
    await settle();
    expect(asked).toBe(0);
    await clock.advance(99);
    expect(asked).toBe(0);
    await clock.advance(1);
    expect(asked).toBe(1);
    expect(session.state).toBe('connecting');
    await clock.advance(100);
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(1);
  });

  it('gives up a server without negotiation that never takes the setup', async () => {
    const { server, session, clock } = aSession();
    server.negotiates = false;
    server.answers.set('HealthCheckRequest', () => errorResponse(301));
    session.start();
    await clock.advance(1000);
    expect(session.state).toBe('backoff');
    expect(server.connections[0]?.closed).toBe(true);
    expect(server.connections[0]?.countOf('HealthCheckRequest')).toBe(10);
  });

  it('gives up a connection whose setup is not acknowledged within 5 s, and closes it', async () => {
    const { server, session, clock } = aSession();
    server.acknowledges = false;
    session.start();
    await clock.advance(4999);
    expect(server.last.closed).toBe(false);
    await clock.advance(1);
    expect(server.last.closed).toBe(true);
    expect(session.state).toBe('backoff');
    server.acknowledges = true;
    await clock.advance(100);
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(2);
  });

  it('gives up a server that answers the check with "starting", and tries again', async () => {
    const { server, session, clock } = aSession();
    server.answers.set('ServerCheckRequest', () => errorResponse(300, 'Server is starting'));
    session.start();
    await settle();
    expect(session.state).toBe('backoff');
    expect(server.last.closed).toBe(true);
    expect(server.last.streamSent).toEqual([]);
    server.answers.delete('ServerCheckRequest');
    await clock.advance(100);
    expect(session.state).toBe('ready');
  });

  it('gives up something that is no Nacos server', async () => {
    const { server, session, log } = aSession();
    server.answers.set('ServerCheckRequest', () => ({ type: 'HelloResponse', body: {} }));
    session.start();
    await settle();
    expect(session.state).toBe('backoff');
    expect(log.join('\n')).toContain('HelloResponse');
  });

  it('gives up a server that does not answer the check within 3 s', async () => {
    const { server, session, clock } = aSession();
    server.answers.set('ServerCheckRequest', () => 'hang');
    session.start();
    await clock.advance(2999);
    expect(server.last.closed).toBe(false);
    await clock.advance(1);
    expect(server.last.closed).toBe(true);
    expect(session.state).toBe('backoff');
  });

  it.each([
    ['while the check is under way', 0],
    ['while it waits for the acknowledgement', 1],
    ['in the pause of a server without negotiation', 2],
  ])('ends at once when the connection breaks %s', async (_when, stage) => {
    const { server, session, clock } = aSession();
    if (stage === 0) server.answers.set('ServerCheckRequest', () => 'hang');
    server.acknowledges = false;
    server.negotiates = stage < 2;
    session.start();
    await settle();
    expect(session.state).toBe('connecting');
    server.last.drop();
    await settle();
    expect(session.state).toBe('backoff');
    // Nothing is left of the attempt but the pause before the next one.
    expect(clock.pending).toBe(1);
    await session.close();
  });

  it('takes a connection that broke right after its acknowledgement for lost', async () => {
    const { server, session, clock } = aSession();
    server.acknowledges = false;
    session.start();
    await settle();
    const [first] = server.connections;
    first?.push('SetupAckRequest', { abilityTable: {} });
    first?.drop();
    server.acknowledges = true;
    await clock.advance(200);
    expect(session.state).toBe('ready');
    expect(server.connections).toHaveLength(2);
    await clock.advance(20_000);
    expect(server.connections).toHaveLength(2);
  });

  it('closes its connection when the session is closed in the middle', async () => {
    const { server, session, clock } = aSession();
    server.acknowledges = false;
    session.start();
    await settle();
    await session.close();
    await settle();
    expect(server.last.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('trap 7: does not answer the acknowledgement of the setup', async () => {
    const { server } = await aReadySession();
    expect(server.last.streamSent.map((sent) => sent.type)).toEqual(['ConnectionSetupRequest']);
  });
});
