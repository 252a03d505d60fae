import { describe, expect, it } from 'vitest';

import type { ServicePatternChange } from '../../../src/naming-api.js';
import type { JsonObject } from '../../../src/wire/json.js';
import { settle } from '../../helpers/fake-clock.js';
import { typedFailure, type FakeConnection } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

const WATCH = 'NamingFuzzyWatchRequest';
const ORDERS = 'public>>*>>ord*';

/** What the server was asked for, in short. */
const asked = (connection: FakeConnection) =>
  connection.unarySent
    .filter(({ type }) => type === WATCH)
    .map(({ body }) => [
      body['watchType'],
      body['groupKeyPattern'],
      body['initializing'],
      body['receivedGroupKeys'],
    ]);

const contextsOf = (changes: JsonObject) =>
  Object.entries(changes).map(([name, changedType]) => ({
    serviceKey: `public@@DEFAULT_GROUP@@${name}`,
    changedType,
  }));
const ADD = 'ADD_SERVICE';
const DELETE = 'DELETE_SERVICE';

function sync(connection: FakeConnection, changes: JsonObject, pattern = ORDERS): void {
  connection.push('NamingFuzzyWatchSyncRequest', {
    requestId: 's',
    syncType: 'FUZZY_WATCH_INIT_NOTIFY',
    groupKeyPattern: pattern,
    contexts: contextsOf(changes),
  });
}

function finish(connection: FakeConnection, pattern = ORDERS): void {
  connection.push('NamingFuzzyWatchSyncRequest', {
    requestId: 'f',
    syncType: 'FINISH_FUZZY_WATCH_INIT_NOTIFY',
    groupKeyPattern: pattern,
    contexts: [],
  });
}

function change(connection: FakeConnection, name: string, changedType: string): void {
  connection.push('NamingFuzzyWatchChangeNotifyRequest', {
    requestId: 'c',
    serviceKey: `public@@DEFAULT_GROUP@@${name}`,
    changedType,
  });
}

function aListener() {
  const heard: string[] = [];
  const listener = ({ type, service }: ServicePatternChange) =>
    void heard.push(`${type} ${service.name}`);
  return { heard, listener };
}

const namesOf = (services: readonly { readonly name: string }[]) =>
  services.map(({ name }) => name);

describe('a watch of services', () => {
  it('tells what is there, then what comes and goes', async () => {
    const { naming, server } = await aReadySession();
    const { heard, listener } = aListener();
    const watch = naming.watchServices('ord*', listener);
    const ready = outcomeOf(watch.ready());
    await settle();
    expect(asked(server.last)).toEqual([['WATCH', ORDERS, true, []]]);
    sync(server.last, { 'orders-2': ADD, orders: ADD });
    await settle();
    expect(ready.state).toBe('pending');
    finish(server.last);
    await settle();
    expect(ready.value).toEqual([
      { name: 'orders', group: 'DEFAULT_GROUP' },
      { name: 'orders-2', group: 'DEFAULT_GROUP' },
    ]);
    change(server.last, 'orders', DELETE);
    change(server.last, 'orders-3', ADD);
    change(server.last, 'orders-3', ADD);
    change(server.last, 'users', ADD);
    change(server.last, 'orders-2', 'INSTANCE_CHANGED');
    expect(heard).toEqual(['added orders-2', 'added orders', 'removed orders', 'added orders-3']);
    expect(namesOf(watch.services)).toEqual(['orders-2', 'orders-3']);
  });

  it('acknowledges what it was told, and says that it can be told', async () => {
    const { naming, server } = await aReadySession();
    naming.watchServices('ord*');
    await settle();
    sync(server.last, { orders: ADD });
    change(server.last, 'orders', DELETE);
    expect(server.last.streamSent.map(({ type }) => type)).toEqual([
      'ConnectionSetupRequest',
      'NamingFuzzyWatchSyncResponse',
      'NamingFuzzyWatchChangeNotifyResponse',
    ]);
    expect(server.last.streamSent[0]?.body['abilityTable']).toEqual({ fuzzyWatch: true });
  });

  it('is asked for once, whatever the number of listeners; who comes late hears what is there', async () => {
    const { naming, server } = await aReadySession();
    const [first, late] = [aListener(), aListener()];
    const one = naming.watchServices({ name: 'ord*' }, first.listener);
    await settle();
    sync(server.last, { orders: ADD, 'orders-2': ADD });
    finish(server.last);
    const other = naming.watchServices('ord*', late.listener);
    // In the same tick: the list that it will hear no longer has this one.
    change(server.last, 'orders', DELETE);
    expect(late.heard).toEqual([]);
    await settle();
    expect(late.heard).toEqual(['added orders-2']);
    expect(namesOf(await other.ready())).toEqual(['orders-2']);
    await one.close();
    change(server.last, 'orders-3', ADD);
    expect(first.heard).not.toContain('added orders-3');
    expect(late.heard).toContain('added orders-3');
    expect(asked(server.last)).toHaveLength(1);
    await other.close();
    await other.close();
    expect(asked(server.last).slice(1)).toEqual([['CANCEL_WATCH', ORDERS, false, []]]);
  });

  it('goes on after a reconnect with the difference', async () => {
    const { naming, server, clock } = await aReadySession();
    const { heard, listener } = aListener();
    const watch = naming.watchServices('ord*', listener);
    await settle();
    sync(server.last, { orders: ADD, 'orders-2': ADD });
    finish(server.last);
    heard.length = 0;
    const old = server.last;
    old.drop();
    expect(namesOf(watch.services)).toEqual(['orders', 'orders-2']);
    await clock.advance(1000);
    expect(server.last).not.toBe(old);
    expect(asked(server.last)).toEqual([
      [
        'WATCH',
        ORDERS,
        false,
        ['public@@DEFAULT_GROUP@@orders', 'public@@DEFAULT_GROUP@@orders-2'],
      ],
    ]);
    sync(server.last, { orders: DELETE, 'orders-3': ADD });
    expect(heard).toEqual(['removed orders', 'added orders-3']);
  });

  it('is asked for again every 3 minutes, against a push that was lost', async () => {
    const { naming, server, clock } = await aReadySession();
    const watch = naming.watchServices('ord*');
    await settle();
    sync(server.last, { orders: ADD });
    finish(server.last);
    await clock.advance(179_000);
    expect(asked(server.last)).toHaveLength(1);
    await clock.advance(2_000);
    expect(asked(server.last).slice(1)).toEqual([
      ['WATCH', ORDERS, false, ['public@@DEFAULT_GROUP@@orders']],
    ]);
    await watch.close();
    await clock.advance(400_000);
    expect(asked(server.last)).toHaveLength(3);
  });

  it('keeps a listener that throws away from the others', async () => {
    const { naming, server, log } = await aReadySession();
    const { heard, listener } = aListener();
    naming.watchServices('ord*', () => {
      throw new Error('broken');
    });
    naming.watchServices('ord*', listener);
    await settle();
    sync(server.last, { orders: ADD });
    expect(heard).toEqual(['added orders']);
    expect(log.filter((line) => line.includes('broken'))).toHaveLength(1);
  });

  it('ends with the client', async () => {
    const { naming, close, clock, server } = await aReadySession();
    const watch = naming.watchServices('ord*');
    const ready = outcomeOf(watch.ready());
    await settle();
    finish(server.last);
    await settle();
    const waiting = outcomeOf(naming.watchServices('us*').ready());
    await close();
    await settle();
    expect(ready.state).toBe('resolved');
    expect(waiting.error).toMatchObject({ code: 'CLOSED' });
    await expect(watch.ready()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(naming.watchServices('ord*').ready()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['a wildcard in the middle', 'or*rs'],
    ['no name', ''],
    ['white space', 'my orders'],
    ['a group in front', 'DEFAULT_GROUP@@orders'],
    ['a group with a wildcard in the middle', { group: 'a*b' }],
  ])('is refused with %s', async (_what, pattern) => {
    const { naming } = await aReadySession();
    expect(() => naming.watchServices(pattern)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });
});

describe('a watch of services on a server that cannot', () => {
  it('says so, asks nothing, and begins by itself on one that can', async () => {
    const { naming, server, clock, log, session } = aSession();
    server.abilities = {};
    session.start();
    await settle();
    const { heard, listener } = aListener();
    const watch = naming.watchServices('ord*', listener);
    const early = outcomeOf(watch.ready());
    await settle();
    expect(early.error).toMatchObject({ code: 'SERVER_UNSUPPORTED', retryable: false });
    await expect(watch.ready()).rejects.toThrow(/needs Nacos 3\.0 or later/);
    await clock.advance(400_000);
    expect(asked(server.last)).toEqual([]);
    expect(log.filter((line) => line.includes('is not watched'))).toHaveLength(1);
    server.abilities = { fuzzyWatch: true };
    server.last.drop();
    await clock.advance(1000);
    const later = outcomeOf(watch.ready());
    sync(server.last, { orders: ADD });
    finish(server.last);
    await settle();
    expect(later.state).toBe('resolved');
    expect(heard).toEqual(['added orders']);
  });

  it('for it has too many patterns, says so and tries again in a minute', async () => {
    const { naming, server, clock } = await aReadySession();
    server.answers.set(WATCH, () => typedFailure(50_310, 'fuzzy watch pattern over limit'));
    const watch = naming.watchServices('ord*');
    await settle();
    await expect(watch.ready()).rejects.toThrow(/over limit/);
    await clock.advance(59_000);
    expect(asked(server.last)).toHaveLength(1);
    server.answers.delete(WATCH);
    await clock.advance(2_000);
    expect(asked(server.last)).toHaveLength(2);
    const ready = outcomeOf(watch.ready());
    finish(server.last);
    await settle();
    expect(ready.state).toBe('resolved');
  });

  it('for it is away, says that there is no connection', async () => {
    const { naming, server, clock } = aSession();
    server.reachable = false;
    const ready = outcomeOf(naming.watchServices('ord*').ready());
    await clock.advance(10_000);
    expect(ready.error).toMatchObject({ code: 'NOT_CONNECTED' });
  });
});
