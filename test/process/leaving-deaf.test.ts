/** An app whose work is done ends, also while a connect to a Nacos is under way that neither succeeds nor fails. Package from dist. */
import path from 'node:path';

import { expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';
import { aDeafServer } from '../helpers/deaf-server.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const PRELOAD = path.resolve(import.meta.dirname, '..', '..', 'dist', 'entry', 'register.cjs');

/**
 * Closes its server when it sees the connect. A connect is given 3 s: one that holds the process lets the timer come, which holds nothing
 * itself. In a worker thread something else holds the process that nobody sees, and the connect goes on.
 */
const APP = `
const { Worker } = require('node:worker_threads');
const server = require('node:http').createServer();
const connects = () => process.getActiveResourcesInfo().some((name) => /ConnectWrap/.test(name));
server.listen(0, () => {
  const looking = setInterval(() => {
    if (!connects()) return;
    clearInterval(looking);
    if (process.argv[2] === 'worker') new Worker('setTimeout(() => {}, 4500)', { eval: true });
    server.close(() => console.log('closed'));
    setTimeout(() => console.log('kept alive'), 2500).unref();
  }, 5);
});
`;

async function saidBy(argv: readonly string[]): Promise<readonly string[]> {
  await using nacos = await aDeafServer();
  using folder = tempFolder({ 'app.cjs': APP });
  await using child = startNode(['--require', PRELOAD, 'app.cjs', ...argv], {
    cwd: folder.path,
    env: { NACOS_SERVER: nacos.nacosAddress, NACOS_LOG_LEVEL: 'debug' },
  });
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  return child.lines;
}

it('ends at once when nothing but the connect is left', async () => {
  const lines = await saidBy([]);
  expect(lines).toContain('closed');
  expect(lines).not.toContain('kept alive');
  expect(lines.join('\n')).not.toMatch(/ warn | error /);
});

it('goes on to connect when something holds the process that is not to be seen', async () => {
  const lines = await saidBy(['worker']);
  expect(lines).toContain('kept alive');
  expect(lines.join('\n')).toMatch(/cannot connect .*: no answer within 3000 ms/);
});
