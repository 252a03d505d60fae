/**
 * Records what a real server says, message by message, as fixtures for the tests of `src/wire`.
 *
 *     npm run build
 *     node scripts/capture-wire.mjs 127.0.0.1:8848 nacos-2.5.1
 *
 * The address is the HTTP one; gRPC is 1000 above it. Writes test/fixtures/wire/<label>.jsonl: one line a
 * message. Takes 50 s, because some steps wait for what a server does by itself. Use an empty server.
 */
import { writeFileSync } from 'node:fs';

import { configSteps } from './wire-capture/config-steps.mjs';
import { connectionSteps } from './wire-capture/connection-steps.mjs';
import { namingSteps } from './wire-capture/naming-steps.mjs';
import { Recorder } from './wire-capture/recorder.mjs';
import { slowSteps } from './wire-capture/slow-steps.mjs';

const [address, label] = process.argv.slice(2);
if (address === undefined || label === undefined) {
  process.stderr.write('usage: node scripts/capture-wire.mjs HOST:PORT LABEL\n');
  process.exit(2);
}
const [host, port] = address.split(':');
const recorder = new Recorder();
const capture = { address, port, target: `${host}:${Number(port) + 1000}`, recorder };
const quickSteps = { ...connectionSteps, ...namingSteps, ...configSteps };

const slow = Promise.all(Object.entries(slowSteps).map(([name, run]) => run(capture, name)));
for (const [name, run] of Object.entries(quickSteps)) {
  process.stderr.write(`${name}\n`);
  await run(capture, name);
}
process.stderr.write('waiting for the slow steps\n');
await slow;

const order = [...Object.keys(quickSteps), ...Object.keys(slowSteps)];
const lines = recorder.lines.toSorted((a, b) => order.indexOf(a.step) - order.indexOf(b.step));
const file = new URL(`../test/fixtures/wire/${label}.jsonl`, import.meta.url);
writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
process.stderr.write(`${lines.length} lines in ${file.pathname}\n`);
