/**
 * Calls with the built-in fetch, so many at a time. `targets` are lists of URLs, called in turn; several targets take turns in small
 * slices, so that what drifts on the machine meets them alike. One command a line on stdin:
 * `{"targets":{"name":[url,...]},"slices":N,"requests":N,"inFlight":N}`. Knows nothing of a registry.
 */
'use strict';

const { createInterface } = require('node:readline');

const { nowMs, say } = require('./say.cjs');

createInterface({ input: process.stdin }).on('line', async (line) => {
  try {
    say('called', await callAll(JSON.parse(line)));
  } catch (error) {
    say('failed', { reason: `${error.message} ${error.cause?.message ?? ''}` });
  }
});

/** Milliseconds of time and of this process's CPU for all slices of each target. */
async function callAll({ targets, slices, requests, inFlight }) {
  const names = Object.keys(targets);
  const took = Object.fromEntries(names.map((name) => [name, { wallMs: 0, cpuMs: 0 }]));
  for (let slice = 0; slice < slices; slice += 1) {
    for (const name of slice % 2 === 0 ? names : names.toReversed()) {
      const cpuBefore = process.cpuUsage();
      const startedMs = nowMs();
      await callSlice(targets[name], requests, inFlight);
      took[name].wallMs += nowMs() - startedMs;
      const { user, system } = process.cpuUsage(cpuBefore);
      took[name].cpuMs += (user + system) / 1000;
    }
  }
  return { took };
}

async function callSlice(urls, requests, inFlight) {
  let next = 0;
  const caller = async () => {
    while (next < requests) {
      const url = urls[next % urls.length];
      next += 1;
      const response = await fetch(url);
      if ((await response.text()) !== 'hello\n') throw new Error(`wrong answer of ${url}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}
