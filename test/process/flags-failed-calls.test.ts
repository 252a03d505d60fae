/** What the flags do that say what becomes of failed and slow calls by name: further attempts, and instances that are left out. */
import { expect } from 'vitest';

import { deadInstance, startInstance } from '../helpers/instance-server.js';
import { startScripted, type Step } from '../helpers/scripted-instance.js';
import { aCallsScene, FIRST, LAST, shares, type Answer } from './flags-calls-scene.js';
import { effect, eventually } from './flags-scene.js';

const FOR_EVER = ['--ejection-time', '3600'];

effect(
  ['discovery.retries', 'discovery.retry_budget'],
  'bound how often a call that broke is repeated',
  async () => {
    await using scene = await aCallsScene();
    await using one = await startScripted(['cut']);
    await using two = await startScripted(['cut']);
    await using three = await startScripted(['cut']);
    await using four = await startScripted(['cut']);
    const all = [one, two, three, four];
    await scene.serve('called', ...all.map(({ ip, port }) => ({ ip, port })));
    const [plain, once, often, poor] = await Promise.all([
      scene.caller(),
      scene.caller('--retries', '0'),
      scene.caller('--retries', '3'),
      scene.caller('--retry-budget', '0'),
    ]);
    const received = (): number => all.reduce((sum, each) => sum + each.received.length, 0);
    const attemptsOf = async (caller: typeof plain): Promise<number> => {
      const before = received();
      expect(await caller.repeat('http://called/', 1)).toEqual(['UND_ERR_SOCKET']);
      return received() - before;
    };
    expect(await attemptsOf(plain)).toBe(3);
    expect(await attemptsOf(once)).toBe(1);
    expect(await attemptsOf(often)).toBe(4);
    expect(await attemptsOf(poor)).toBe(1);
  },
);

effect(['discovery.retry_statuses'], 'tries another instance after such a status', async () => {
  await using scene = await aCallsScene();
  await using failing = await startScripted([500]);
  await using refusing = await startScripted([429]);
  await using good = await startInstance();
  for (const [service, bad] of [
    ['fails', failing],
    ['refuses', refusing],
  ] as const) {
    await scene.serve(
      service,
      { ip: bad.ip, port: bad.port, ...FIRST },
      { ip: good.ip, port: good.port, ...LAST },
    );
  }
  const [plain, repeats] = await Promise.all([
    scene.caller(),
    scene.caller('--retry-statuses', '429,503'),
  ]);
  const calls = [{ url: 'http://fails/' }, { url: 'http://refuses/' }];
  expect(await plain.make(calls)).toEqual(['status 500', 'status 429']);
  expect(await repeats.make(calls)).toEqual(['status 500', good.port]);
});

effect(['discovery.call_timeout'], 'ends a call whose response does not begin', async () => {
  await using scene = await aCallsScene();
  const hanging = await startScripted(['hang']);
  await using good = await startInstance();
  await scene.serve('hangs', { ip: hanging.ip, port: hanging.port });
  await scene.serve('answers', good);
  const [plain, bounded] = await Promise.all([
    scene.caller(),
    scene.caller('--call-timeout', '0.3'),
  ]);
  // A POST, so that its end is not repeated.
  const calls = [{ url: 'http://hangs/', method: 'POST' }];
  const ended: (readonly Answer[])[] = [];
  const waiting = plain.make(calls).then((answers) => ended.push(answers));
  await eventually(() => expect(hanging.received).toHaveLength(1));
  expect(await bounded.make(calls)).toEqual(['CALL_TIMEOUT']);
  expect(hanging.received).toHaveLength(2);
  expect(ended).toEqual([]);
  await hanging[Symbol.asyncDispose]();
  await waiting;
  expect(ended).toEqual([['UND_ERR_SOCKET']]);
});

effect(
  ['discovery.ejection', 'discovery.ejection_error_rate'],
  'leave an instance out when so many of its calls fail, or never',
  async () => {
    await using scene = await aCallsScene();
    await using good = await startInstance();
    const always = [502] as const;
    const often = [502, 502, 502, 'ok', 'ok'] as const;
    /** How many of 10 calls an instance gets that answers like this, once it could have been ejected. */
    const callsOf = async (
      service: string,
      turn: readonly Step[],
      ...flags: readonly string[]
    ): Promise<number> => {
      await using bad = await startScripted(Array.from({ length: 30 }, () => turn).flat());
      await scene.serve(service, good, { ip: bad.ip, port: bad.port });
      const caller = await scene.caller(...FOR_EVER, ...flags);
      // 20 calls of an instance are the least that it is judged by.
      await caller.repeat(`http://${service}/`, 60);
      const before = bad.received.length;
      expect(shares(await caller.repeat(`http://${service}/`, 10), good)[0]).toBeGreaterThan(4);
      return bad.received.length - before;
    };
    const counts = await Promise.all([
      callsOf('out', always),
      callsOf('in', always, '--ejection=false'),
      callsOf('in-by-rate', always, '--ejection-error-rate', '0'),
      callsOf('often-out', often),
      callsOf('often-in', often, '--ejection-error-rate', '0.8'),
    ]);
    expect(counts).toEqual([0, 5, 5, 0, 5]);
  },
);

effect(['discovery.slow_call'], 'counts a call that takes longer as failed', async () => {
  await using scene = await aCallsScene();
  await using one = await startScripted(['slow']);
  await using two = await startScripted(['slow']);
  await scene.serve('called', { ip: one.ip, port: one.port }, { ip: two.ip, port: two.port });
  const [plain, strict] = await Promise.all([
    scene.caller(...FOR_EVER),
    scene.caller(...FOR_EVER, '--slow-call', '0.001'),
  ]);
  const sharesOf = async (caller: typeof plain): Promise<readonly number[]> => {
    await caller.repeat('http://called/', 60);
    return shares(await caller.repeat('http://called/', 10), one, two);
  };
  expect(await sharesOf(plain)).toEqual([5, 5]);
  // Both are slow; one of them is left.
  expect((await sharesOf(strict)).toSorted((a, b) => a - b)).toEqual([0, 10]);
});

effect(
  ['discovery.ejection_failures', 'discovery.ejection_time', 'discovery.ejection_share'],
  'say after how many failures, for how long and how many instances are left out',
  async () => {
    await using scene = await aCallsScene();
    const atOnce = ['--ejection-failures', '1'];
    const [patient, strict, brief, none, most] = await Promise.all([
      scene.caller(...FOR_EVER),
      scene.caller(...FOR_EVER, ...atOnce),
      scene.caller(...atOnce, '--ejection-time', '0.1'),
      scene.caller(...FOR_EVER, ...atOnce, '--ejection-share', '0'),
      scene.caller(...FOR_EVER, ...atOnce, '--ejection-share', '1'),
    ]);
    // Only now, so that nobody else takes their ports before they are back.
    const [first, second, third] = await Promise.all([
      deadInstance(),
      deadInstance(),
      deadInstance(),
    ]);
    await using good = await startInstance();
    const last = { ip: good.ip, port: good.port, ...LAST };
    await scene.serve('one-dead', { ...first, ...FIRST }, last);
    await scene.serve('two-dead', { ...second, ...FIRST }, { ...third, ...FIRST }, last);
    const calls = [{ url: 'http://one-dead/' }, { url: 'http://two-dead/' }];
    for (const caller of [patient, strict, brief, none, most]) {
      expect(await caller.make(calls)).toEqual([good.port, good.port]);
    }

    await using back = await startInstance({ port: first.port });
    await using another = await startInstance({ port: second.port });
    await using yetAnother = await startInstance({ port: third.port });
    // Not ejected, but without a connection: such an instance is avoided for a moment only.
    for (const caller of [patient, brief, none]) {
      await eventually(async () => {
        expect(await caller.repeat('http://one-dead/', 1)).toEqual([back.port]);
      });
    }
    expect(shares(await strict.repeat('http://one-dead/', 10), back, good)).toEqual([0, 10]);
    // Half of three is one, all but one of them two.
    await eventually(async () => {
      expect(await strict.repeat('http://two-dead/', 1)).not.toEqual([good.port]);
    });
    const ofTwo = shares(await strict.repeat('http://two-dead/', 10), another, yetAnother, good);
    expect(ofTwo.toSorted((a, b) => a - b)).toEqual([0, 0, 10]);
    expect(shares(await most.repeat('http://two-dead/', 10), good)).toEqual([10]);
  },
);
