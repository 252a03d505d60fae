import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { errorResponse, typedFailure } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

const LIST = 'ServiceListRequest';

describe('a request', () => {
  it('gives the body of its answer', async () => {
    const { server, session } = await aReadySession();
    server.answers.set(LIST, () => ({ body: server.success({ count: 7 }) }));
    expect(await session.request(LIST, { pageNo: 1 })).toMatchObject({ count: 7 });
    expect(server.last.unarySent.at(-1)?.body).toEqual({ pageNo: 1 });
  });

  it('carries the headers and the address of its connection', async () => {
    const { server, session } = await aReadySession();
    await session.request(LIST, {}, { headers: { accessToken: 't' } });
    expect(server.last.unarySent.at(-1)?.payload).toMatchObject({
      headers: { accessToken: 't' },
      clientIp: '10.9.8.7',
    });
  });

  it('waits for the connection', async () => {
    const { server, session, clock } = aSession();
    server.reachable = false;
    session.start();
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(1000);
    expect(answer.state).toBe('pending');
    server.reachable = true;
    await clock.advance(1000);
    expect(answer.state).toBe('resolved');
  });

  it('fails after its time when there is no connection', async () => {
    const { server, session, clock } = aSession();
    server.reachable = false;
    session.start();
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(2999);
    expect(answer.state).toBe('pending');
    await clock.advance(1);
    expect(answer.error).toMatchObject({ code: 'NOT_CONNECTED', retryable: true });
  });

  it('is sent again on the next connection when its own breaks', async () => {
    const { server, session, clock } = await aReadySession();
    server.answers.set(LIST, (request, connection) =>
      connection === server.connections[0] ? 'hang' : server.usual(request),
    );
    const answer = outcomeOf(session.request(LIST, {}));
    await settle();
    server.last.drop();
    await clock.advance(500);
    expect(answer.state).toBe('resolved');
    expect(server.connections.map((connection) => connection.countOf(LIST))).toEqual([1, 1]);
  });

  it.each([300, 301, 500, 502])('is repeated after an ErrorResponse %i', async (errorCode) => {
    const { server, session, clock } = await aReadySession();
    let asked = 0;
    server.answers.set(LIST, (request) =>
      (asked += 1) < 3 ? errorResponse(errorCode) : server.usual(request),
    );
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(1000);
    expect(answer.state).toBe('resolved');
    expect(asked).toBe(3);
  });

  it('is repeated with a pause, and gives up after the fourth time', async () => {
    const { server, session, clock } = await aReadySession();
    const times: number[] = [];
    server.answers.set(LIST, () => {
      times.push(clock.nowMs());
      return errorResponse(500, 'out of order');
    });
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(3000);
    expect(times.map((atMs) => atMs - (times[0] ?? 0))).toEqual([0, 100, 200, 300]);
    expect(answer.error).toMatchObject({
      code: 'SERVER_FAILED',
      errorCode: 500,
      message: expect.stringContaining('out of order') as string,
    });
  });

  it.each([
    [400, 'SERVER_REJECTED', false],
    [403, 'FORBIDDEN', false],
    [500, 'SERVER_FAILED', true],
    [503, 'SERVER_FAILED', true],
  ])('takes a typed failure %i as final: %s', async (errorCode, code, retryable) => {
    const { server, session, clock } = await aReadySession();
    server.answers.set(LIST, () => typedFailure(errorCode, 'no'));
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(3000);
    expect(answer.error).toMatchObject({ code, retryable });
    expect(server.last.countOf(LIST)).toBe(1);
  });

  it.each([
    [302, 'SERVER_UNSUPPORTED'],
    [400, 'SERVER_REJECTED'],
    [403, 'FORBIDDEN'],
  ])('is not repeated after an ErrorResponse %i, which would come again: %s', async (no, code) => {
    const { server, session, clock } = await aReadySession();
    server.answers.set(LIST, () => errorResponse(no));
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(3000);
    expect(answer.error).toMatchObject({ code });
    expect(server.last.countOf(LIST)).toBe(1);
  });

  it('does not take the answer to another question', async () => {
    const { server, session } = await aReadySession();
    server.answers.set(LIST, () => ({ type: 'InstanceResponse', body: server.success() }));
    await expect(session.request(LIST, {})).rejects.toMatchObject({ code: 'UNEXPECTED_RESPONSE' });
  });

  it('ends with its time when the server says nothing', async () => {
    const { server, session, clock } = await aReadySession();
    server.answers.set(LIST, () => 'hang');
    const answer = outcomeOf(session.request(LIST, {}, { timeoutMs: 700 }));
    await clock.advance(699);
    expect(answer.state).toBe('pending');
    await clock.advance(1);
    expect(answer.error).toMatchObject({ code: 'REQUEST_TIMEOUT' });
    expect(server.last.countOf(LIST)).toBe(1);
  });

  it('has one bound for all its tries together', async () => {
    const { server, session, clock } = await aReadySession();
    let asked = 0;
    server.answers.set(LIST, () => ((asked += 1) === 1 ? errorResponse(500) : 'hang'));
    const startMs = clock.nowMs();
    let endMs = 0;
    const answer = outcomeOf(session.request(LIST, {}).finally(() => (endMs = clock.nowMs())));
    await clock.advance(5000);
    expect(answer.state).toBe('rejected');
    expect(endMs - startMs).toBe(3000);
  });

  it.each([
    ['while there is no connection', 'away'],
    ['while the server is silent', 'silent'],
    ['in the pause before the next try', 'pause'],
    ['before it was made', 'before'],
  ])('ends by its signal %s', async (_when, moment) => {
    const { server, session, clock } = aSession();
    server.reachable = moment !== 'away';
    server.answers.set(LIST, () => (moment === 'silent' ? 'hang' : errorResponse(500)));
    session.start();
    await settle();
    const control = new AbortController();
    const reason = new Error('enough');
    if (moment === 'before') control.abort(reason);
    const answer = outcomeOf(session.request(LIST, {}, { signal: control.signal }));
    await clock.advance(50);
    control.abort(reason);
    await settle();
    expect(answer.error).toBe(reason);
    expect(clock.holding).toBe(0);
  });

  it.each([
    ['while there is no connection', 'away'],
    ['while the server is silent', 'silent'],
    ['in the pause before the next try', 'pause'],
  ])('ends when the session is closed %s, and leaves no timer', async (_when, moment) => {
    const { server, session, clock } = aSession();
    server.reachable = moment !== 'away';
    server.answers.set(LIST, () => (moment === 'silent' ? 'hang' : errorResponse(500)));
    session.start();
    await settle();
    const answer = outcomeOf(session.request(LIST, {}));
    await clock.advance(50);
    await session.close();
    await settle();
    expect(answer.error).toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['while there is no connection', 'away'],
    ['while the server is silent', 'silent'],
    ['in the pause before the next try', 'pause'],
  ])('holds the process for a user, and not for our own work, %s', async (_when, moment) => {
    const { server, session, clock } = aSession();
    server.reachable = moment !== 'away';
    server.answers.set(LIST, () => (moment === 'silent' ? 'hang' : errorResponse(500)));
    session.start();
    await settle();
    const own = outcomeOf(session.request(LIST, {}, { holdsProcess: false }));
    await clock.advance(10);
    expect(clock.holding).toBe(0);
    const users = outcomeOf(session.request(LIST, {}));
    await clock.advance(10);
    expect(clock.holding).toBe(1);
    await session.close();
    await settle();
    expect([own.state, users.state]).toEqual(['rejected', 'rejected']);
  });

  it('leaves nothing on a signal that a user keeps for a hundred of them', async () => {
    const { server, session, clock } = await aReadySession();
    const control = new AbortController();
    let listeners = 0;
    let most = 0;
    const { signal } = control;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      most = Math.max(most, listeners);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    server.answers.set(LIST, () => 'hang');
    const answers = Promise.allSettled(
      Array.from({ length: 100 }, () => session.request(LIST, {}, { signal, timeoutMs: 500 })),
    );
    await clock.advance(500);
    await answers;
    expect(most).toBeLessThanOrEqual(1);
    expect(listeners).toBe(0);
  });
});

describe('waiting for the connection', () => {
  it('resolves when it stands, and at once while it does', async () => {
    const { session, clock } = aSession();
    const ready = outcomeOf(session.ready());
    await settle();
    expect(ready.state).toBe('pending');
    session.start();
    await settle();
    expect(ready.state).toBe('resolved');
    await session.ready();
    expect(clock.holding).toBe(0);
  });

  it('is bounded, and connecting goes on', async () => {
    const { server, session, clock } = aSession();
    server.reachable = false;
    session.start();
    const ready = outcomeOf(session.ready({ timeoutMs: 1000 }));
    await clock.advance(1000);
    expect(ready.error).toMatchObject({ code: 'NOT_CONNECTED' });
    server.reachable = true;
    await clock.advance(5000);
    expect(session.state).toBe('ready');
  });
});
