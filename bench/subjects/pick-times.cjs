/**
 * Owns what the pick subjects have in common: warm up, then time many picks in a row, service by service. Says nanoseconds a pick. A pick
 * that is asynchronous is awaited, one after the other, as its user would.
 */
'use strict';

const { say } = require('./say.cjs');

const WARM_MS = 150;
const MEASURE_MS = 250;

/** @param {(service: string) => Promise<() => unknown>} prepare gives the pick of a service, whose list is there */
async function measurePicks(services, prepare) {
  const picks = {};
  for (const service of services) {
    const pick = await prepare(service);
    const run = pick() instanceof Promise ? runAsync : runSync;
    await run(pick, WARM_MS);
    picks[service] = await run(pick, MEASURE_MS);
  }
  say('picked', { picks });
  process.exit(0);
}

function runSync(pick, forMs) {
  const startNs = process.hrtime.bigint();
  const untilNs = startNs + BigInt(forMs * 1e6);
  let count = 0;
  let ports = 0;
  let nowNs;
  do {
    for (let i = 0; i < 1000; i += 1) ports += pick().port;
    count += 1000;
    nowNs = process.hrtime.bigint();
  } while (nowNs < untilNs);
  if (ports === 0) throw new Error('picked nothing');
  return Number(nowNs - startNs) / count;
}

async function runAsync(pick, forMs) {
  const startNs = process.hrtime.bigint();
  const untilNs = startNs + BigInt(forMs * 1e6);
  let count = 0;
  let ports = 0;
  let nowNs;
  do {
    for (let i = 0; i < 20; i += 1) ports += (await pick()).port;
    count += 20;
    nowNs = process.hrtime.bigint();
  } while (nowNs < untilNs);
  if (ports === 0) throw new Error('picked nothing');
  return Number(nowNs - startNs) / count;
}

module.exports = { measurePicks };
