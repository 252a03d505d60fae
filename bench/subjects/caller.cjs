/**
 * Calls with one HTTP client, named as its argument, so many at a time. `targets` are lists of URLs, called in turn; several targets take turns in
 * small slices, so that what drifts on the machine meets them alike. One command a line on stdin:
 * `{"targets":{"name":[url,...]},"slices":N,"requests":N,"inFlight":N}`. Knows nothing of a registry.
 */
'use strict';

const { createInterface } = require('node:readline');

const { nowMs, say } = require('./say.cjs');

/** Client -> what calls a URL and gives the text of the answer. As their users write it, all with keep-alive. */
const CLIENTS = {
  fetch: () => async (url) => (await fetch(url)).text(),
  undici() {
    const { request } = require('undici');
    return async (url) => (await request(url)).body.text();
  },
  http() {
    const { Agent, get } = require('node:http');
    const agent = new Agent({ keepAlive: true });
    return (url) =>
      new Promise((resolve, reject) => {
        get(url, { agent }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => resolve(text));
        }).on('error', reject);
      });
  },
  axios() {
    const axios = require('axios');
    const { Agent } = require('node:http');
    const client = axios.create({ httpAgent: new Agent({ keepAlive: true }) });
    return async (url) => JSON.stringify((await client.get(url)).data);
  },
};

const call = CLIENTS[process.argv[2]]();

createInterface({ input: process.stdin }).on('line', async (line) => {
  try {
    say('called', await callAll(JSON.parse(line)));
  } catch (error) {
    say('failed', { reason: `${error.message} ${error.cause?.message ?? ''}` });
  }
});

/** Milliseconds of time and of this process's CPU for all slices of each target, and all latencies. */
async function callAll({ targets, slices, requests, inFlight }) {
  const names = Object.keys(targets);
  const took = Object.fromEntries(names.map((name) => [name, { wallMs: 0, cpuMs: 0, all: [] }]));
  for (let slice = 0; slice < slices; slice += 1) {
    for (const name of slice % 2 === 0 ? names : names.toReversed()) {
      const cpuBefore = process.cpuUsage();
      const startedMs = nowMs();
      await callSlice(targets[name], { requests, inFlight, latencies: took[name].all });
      took[name].wallMs += nowMs() - startedMs;
      const { user, system } = process.cpuUsage(cpuBefore);
      took[name].cpuMs += (user + system) / 1000;
    }
  }
  return {
    took: Object.fromEntries(
      names.map((name) => {
        const { wallMs, cpuMs, all } = took[name];
        return [name, { wallMs, cpuMs, latenciesMs: all }];
      }),
    ),
  };
}

async function callSlice(urls, { requests, inFlight, latencies }) {
  let next = 0;
  const caller = async () => {
    while (next < requests) {
      const url = urls[next % urls.length];
      next += 1;
      const startedMs = performance.now();
      if ((await call(url)) !== '"hello"') throw new Error(`wrong answer of ${url}`);
      latencies.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}
