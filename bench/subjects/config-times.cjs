/**
 * Owns what the config subjects have in common: the same calls in the same order, the same report. Each library puts in its own. Started by
 * config-calls.mjs: `SUBJECT [DIST] SERVER PREFIX KEYS`. The configs `PREFIX-0` and on are there already. Ends by itself.
 */
'use strict';

const { nowMs, say } = require('./say.cjs');

const AT_ONCE = 64;
/** Gets with 64 in flight go over all keys this often. */
const LAPS = 5;
const PUBLISHED = 100;
const PUSHED = 20;
const GROUP = 'DEFAULT_GROUP';
const PUSH_TIMEOUT_MS = 20_000;

async function measureConfig({ prefix, keys, ...library }) {
  // No library keeps a process alive.
  const hold = setInterval(() => undefined, 60_000);
  try {
    await library.connect();
    const names = Array.from({ length: keys }, (_, index) => `${prefix}-${index}`);
    // Once for what is loaded and compiled with the first call.
    await library.get(names[0], GROUP);
    const getMs = [];
    for (const name of names) getMs.push(await timed(() => library.get(name, GROUP)));
    const perSecond = await together(names, library);
    const publishMs = [];
    for (let index = 0; index < PUBLISHED; index += 1) {
      publishMs.push(
        await timed(() => library.publish(`${prefix}-p`, GROUP, `value: ${index} ${nowMs()}`)),
      );
    }
    const { fromCall, fromReturn } = await pushed(prefix, library);
    say('measured', {
      get: median(getMs),
      perSecond,
      publish: median(publishMs),
      push: median(fromCall),
      afterReturn: median(fromReturn),
    });
  } catch (error) {
    say('failed', { reason: String(error?.message ?? error) });
  } finally {
    clearInterval(hold);
    await library.close();
    process.exit(0);
  }
}

async function together(names, library) {
  const total = names.length * LAPS;
  let next = 0;
  const worker = async () => {
    while (next < total) {
      next += 1;
      await library.get(names[next % names.length], GROUP);
    }
  };
  const beganMs = nowMs();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (total / (nowMs() - beganMs)) * 1000;
}

/**
 * Until the listener was called: from the call of publish, and from the moment in which that has resolved (before it counts as 0). The second alone would make
 * a slow publish look like a fast push.
 */
async function pushed(prefix, library) {
  const name = `${prefix}-w`;
  let waiting;
  await library.publish(name, GROUP, 'begin');
  await library.listen(name, GROUP, (content) => {
    if (content === waiting?.content) waiting.resolve(nowMs());
  });
  const times = { fromCall: [], fromReturn: [] };
  for (let index = -1; index < PUSHED; index += 1) {
    const content = `round ${index} ${nowMs()}`;
    let timer;
    const heard = new Promise((resolve, reject) => {
      waiting = { content, resolve };
      timer = setTimeout(() => reject(new Error('a push did not come')), PUSH_TIMEOUT_MS);
    });
    const calledMs = nowMs();
    await library.publish(name, GROUP, content);
    const returnedMs = nowMs();
    const heardMs = await heard;
    clearTimeout(timer);
    // The first one is for warming up.
    if (index < 0) continue;
    times.fromCall.push(heardMs - calledMs);
    times.fromReturn.push(Math.max(0, heardMs - returnedMs));
  }
  return times;
}

async function timed(call) {
  const beganMs = nowMs();
  await call();
  return nowMs() - beganMs;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

module.exports = { measureConfig };
