import { describe, expect, it } from 'vitest';

import { ListenedConfig } from '../../../src/config/listened-config.js';
import { Listening } from '../../../src/config/listening.js';
import type { ConfigKey, ConfigVersion } from '../../../src/config-api.js';
import { askLiveFacts } from '../../../src/live-facts.js';
import { silentLogger } from '../../../src/logger.js';
import { messagesOf } from '../../helpers/channel-messages.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { aReadySession } from '../../helpers/session-fixture.js';

const KEY: ConfigKey = { namespace: 'public', group: 'SHOP', dataId: 'app.yaml' };

const aVersion = (content: string): ConfigVersion => ({
  ...KEY,
  content,
  type: 'yaml',
  md5: `md5-of-${content}`,
  lastModifiedMs: 0,
  source: 'server',
});

describe('the channel of configs', () => {
  it('tells of each content with its sum and how many are told, and never the content', () => {
    const heard = messagesOf('nacos-serving:config');
    const config = new ListenedConfig({ key: KEY, clock: createFakeClock(), logger: silentLogger });
    config.join(() => undefined);
    config.join(() => undefined);
    config.take(aVersion('secret-1'));
    config.take(aVersion('secret-1'));
    config.take(undefined);
    expect(heard).toEqual([
      { ...KEY, md5: 'md5-of-secret-1', source: 'server', listeners: 2 },
      { ...KEY, md5: undefined, source: undefined, listeners: 2 },
    ]);
    expect(heard.map((message) => 'content' in message)).toEqual([false, false]);
  });

  it('tells of a listener that fails, each time that it does', async () => {
    const heard = messagesOf('nacos-serving:config-failure');
    const clock = createFakeClock();
    const config = new ListenedConfig({ key: KEY, clock, logger: silentLogger });
    let isBroken = true;
    config.join(() => {
      if (isBroken) throw new Error('not this one');
    });
    config.take(aVersion('x'));
    await clock.advance(1000);
    isBroken = false;
    await clock.advance(60_000);
    const about = { ...KEY, md5: 'md5-of-x' };
    expect(heard).toEqual([
      { ...about, failures: 1 },
      { ...about, failures: 2 },
    ]);
  });
});

it('listening that is asked what it is answers with the number of its listeners until it is closed', async () => {
  const all = () =>
    askLiveFacts().flatMap((fact) => (fact.kind === 'config-listeners' ? [fact.count] : []));
  // Those of other tests may still be there.
  const others = all().length;
  const counts = () => all().slice(others);
  const { session, clock } = await aReadySession();
  const listening = new Listening({
    session,
    namespace: 'public',
    clock,
    logger: silentLogger,
    read: () => Promise.resolve(undefined),
  });
  expect(counts()).toEqual([]);
  const first = listening.listen(KEY, () => undefined);
  listening.listen(KEY, () => undefined);
  listening.listen({ ...KEY, dataId: 'b.yaml' }, () => undefined);
  expect(counts()).toEqual([3]);
  const left = listening.leave(first);
  await settle();
  await left;
  expect(counts()).toEqual([2]);
  listening.close();
  expect(counts()).toEqual([]);
});
