import { describe, expect, it } from 'vitest';

import { askLiveFacts } from '../../../src/live-facts.js';
import { silentLogger } from '../../../src/logger.js';
import { SessionNews } from '../../../src/remote/session-news.js';
import { messagesOf } from '../../helpers/channel-messages.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { typedFailure } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

const LIST = 'ServiceListRequest';
const ABOUT = { module: 'naming', namespace: 'public', host: '10.0.0.1', port: 8848 };
const AT_FIRST = { module: 'naming', namespace: 'public', host: undefined, port: undefined };

describe('the channel of connections', () => {
  it('tells of the beginning, each connection with its number, its loss with the reason, and the end', async () => {
    const heard = messagesOf('nacos-serving:connection');
    const { server, session, clock } = await aReadySession();
    await clock.advance(60_000);
    server.last.drop();
    await clock.advance(1000);
    await session.close();
    expect(heard).toEqual([
      { ...AT_FIRST, state: 'connecting', epoch: 0, reason: undefined },
      { ...ABOUT, state: 'ready', epoch: 1, reason: undefined },
      { ...ABOUT, state: 'connecting', epoch: 1, reason: expect.stringMatching(/\w/) as unknown },
      { ...ABOUT, state: 'ready', epoch: 2, reason: undefined },
      { ...ABOUT, state: 'closed', epoch: 2, reason: 'the client is closed' },
    ]);
  });

  it('tells of every attempt that failed, with the server and the reason', async () => {
    const heard = messagesOf('nacos-serving:connection');
    const { server, session, clock } = aSession(['10.0.0.1', '10.0.0.2']);
    server.reachable = false;
    session.start();
    await clock.advance(400);
    await session.close();
    const failed = heard.filter(({ state }) => state === 'backoff');
    expect(new Set(failed.map(({ host }) => host))).toEqual(new Set(['10.0.0.1', '10.0.0.2']));
    for (const { epoch, reason } of failed) expect([epoch, typeof reason]).toEqual([0, 'string']);
  });

  it('tells of a move to another connection, though the state stays ready', async () => {
    const heard = messagesOf('nacos-serving:connection');
    const { server, clock } = await aReadySession(['10.0.0.1', '10.0.0.2']);
    await clock.advance(60_000);
    server.last.push('ConnectResetRequest', {
      requestId: '1',
      serverIp: '10.0.0.2',
      serverPort: '8848',
    });
    await settle();
    expect(heard.slice(1)).toEqual([
      { ...ABOUT, state: 'ready', epoch: 1, reason: undefined },
      { ...ABOUT, host: '10.0.0.2', state: 'ready', epoch: 2, reason: undefined },
    ]);
  });
});

describe('the channel of requests', () => {
  it('tells what was asked, how long it took with all waits, and how it ended', async () => {
    const heard = messagesOf('nacos-serving:request');
    const { server, session, clock } = await aReadySession();
    server.answers.set(LIST, () => 'hang');
    const late = outcomeOf(session.request(LIST, {}, { timeoutMs: 250 }));
    await clock.advance(250);
    server.answers.set(LIST, () => typedFailure(500, 'no'));
    const refused = outcomeOf(session.request(LIST, {}));
    await settle();
    server.answers.delete(LIST);
    const fine = outcomeOf(session.request(LIST, {}));
    await settle();
    expect([late.state, refused.state, fine.state]).toEqual(['rejected', 'rejected', 'resolved']);
    const about = { ...ABOUT, type: LIST };
    expect(heard).toEqual([
      { ...about, tookMs: 250, outcome: 'failed', code: 'REQUEST_TIMEOUT' },
      { ...about, tookMs: 0, outcome: 'failed', code: 'SERVER_FAILED' },
      { ...about, tookMs: 0, outcome: 'answered', code: undefined },
    ]);
  });

  it('tells those that nobody waits for any more from those that failed', async () => {
    const heard = messagesOf('nacos-serving:request');
    const { session, server } = aSession();
    server.answers.set('ServiceQueryRequest', () => 'hang');
    session.start();
    const abort = new AbortController();
    const given = outcomeOf(session.request(LIST, {}, { signal: abort.signal }));
    abort.abort();
    await settle();
    const closed = outcomeOf(session.request('ServiceQueryRequest', {}));
    await session.close();
    await settle();
    expect([given.state, closed.state]).toEqual(['rejected', 'rejected']);
    expect(heard.map(({ type, outcome, code }) => [type, outcome, code])).toEqual([
      [LIST, 'abandoned', undefined],
      ['ServiceQueryRequest', 'abandoned', 'CLOSED'],
    ]);
  });

  it('holds nothing of a request but its type: no header, no body', async () => {
    const heard = messagesOf('nacos-serving:request');
    const { session } = await aReadySession();
    await session.request(LIST, { secret: 'body-1' }, { headers: { accessToken: 'token-1' } });
    expect(JSON.stringify(heard)).not.toMatch(/token-1|body-1/);
    expect(heard).toHaveLength(1);
  });

  it('costs no promise of its own while nobody listens', () => {
    const news = new SessionNews({
      identity: { module: 'naming', namespace: 'public' },
      clock: createFakeClock(),
      logger: silentLogger,
    });
    const answer = Promise.resolve(1);
    expect(news.request(LIST, answer)).toBe(answer);
    messagesOf('nacos-serving:request');
    expect(news.request(LIST, answer)).not.toBe(answer);
  });
});

describe('a session that is asked what it is', () => {
  const all = () =>
    askLiveFacts().flatMap((fact) => (fact.kind === 'connection' ? [fact.state] : []));

  it('answers from its start until it is closed', async () => {
    // Those of other tests may still be there.
    const others = all().length;
    const states = () => all().slice(others);
    const fixture = aSession();
    expect(states()).toEqual([]);
    fixture.session.start();
    expect(states()).toEqual(['connecting']);
    await settle();
    expect(states()).toEqual(['ready']);
    await fixture.close();
    expect(states()).toEqual([]);
  });
});
