import { describe, expect, it } from 'vitest';

import { AuthError } from '../../../src/errors.js';
import { askLiveFacts } from '../../../src/live-facts.js';
import { messagesOf } from '../../helpers/channel-messages.js';
import { on, setUp } from './registrar-fixture.js';

const ABOUT = {
  service: 'orders',
  group: 'DEFAULT_GROUP',
  namespace: 'public',
  ip: '10.0.0.5',
  port: 8080,
};

describe('the channel of registrations', () => {
  it('tells of each state of a row, once', async () => {
    const heard = messagesOf('nacos-serving:registration');
    const { registrar, clock } = setUp();
    registrar.serverUp(on(8080));
    await clock.advance(2000);
    const changed = registrar.change({ weight: 3 });
    await clock.advance(20_000);
    await changed;
    await registrar.close();
    const row = { ...ABOUT, enabled: true, problem: undefined };
    expect(heard).toEqual([
      { ...row, state: 'waiting' },
      { ...row, state: 'registering' },
      { ...row, state: 'registered' },
      { ...row, state: 'draining' },
      { ...row, state: 'removed' },
    ]);
  });

  it('tells why it is not registered, and when that is over', async () => {
    const heard = messagesOf('nacos-serving:registration');
    const { registrar, registry, clock } = setUp();
    registry.refuse(new AuthError('no right'));
    registrar.serverUp(on(8080));
    await clock.advance(100);
    registry.refuse(undefined);
    await clock.advance(60_000);
    expect(heard.map(({ state, problem }) => [state, problem])).toEqual([
      ['waiting', undefined],
      ['registering', undefined],
      ['registering', 'no right'],
      ['registered', undefined],
    ]);
  });
});

it('a registration that is asked what it is answers until it is removed', async () => {
  const all = () => askLiveFacts().flatMap((fact) => (fact.kind === 'registration' ? [fact] : []));
  // Those of other tests may still be there.
  const others = all().length;
  const states = () => all().slice(others);
  const { registrar, clock } = setUp();
  expect(states()).toEqual([]);
  registrar.serverUp(on(8080));
  await clock.advance(100);
  expect(states()).toEqual([
    { kind: 'registration', service: 'orders', group: 'DEFAULT_GROUP', state: 'registered' },
  ]);
  await registrar.close();
  expect(states()).toEqual([]);
});
