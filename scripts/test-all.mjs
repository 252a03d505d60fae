/**
 * Owns `npm test`: build, checks, every kind of test, and one last line `N passed, N failed`. A check counts as one; a
 * test counts as one. Shows the output of what failed, and nothing else but one line each. Exit status 1 on any failure.
 *
 *   --heavy         also install and test the frameworks of test/fixtures/heavy
 *   --live          also run the live tests, once per real server that can be started here
 *   --only a,b      only these steps, like `--only lint,unit`; `live` means all servers
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { liveServers, startServer, whyNotHere } from './lib/live-server.mjs';
import { ROOT } from './lib/root.mjs';
import { run } from './lib/run.mjs';
import { countVitest } from './lib/vitest-count.mjs';

const MINUTE_MS = 60_000;
const CHECK_LIMIT_MS = 5 * MINUTE_MS;
const TESTS_LIMIT_MS = 25 * MINUTE_MS;
const LIVE_LIMIT_MS = 15 * MINUTE_MS;

const { values: flags } = parseArgs({
  options: {
    heavy: { type: 'boolean', default: false },
    live: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const only = flags.only?.split(',');
const isWanted = (name) => only === undefined || only.includes(name);

const { resolve } = createRequire(path.join(ROOT, 'package.json'));
/** A package's command, run by this Node without a shell. */
const bin = (name, file) => [
  process.execPath,
  path.join(path.dirname(resolve(`${name}/package.json`)), file),
];
const script = (file) => [process.execPath, path.join(ROOT, 'scripts', file)];

const BUILD = { name: 'build', command: script('build.mjs') };
const CHECKS = [
  { name: 'format', command: [...bin('prettier', 'bin/prettier.cjs'), '--check', '.'] },
  { name: 'lint', command: [...bin('eslint', 'bin/eslint.js'), '.', '--max-warnings', '0'] },
  { name: 'types', command: [...bin('typescript', 'bin/tsc'), '-p', 'tsconfig.json'] },
  { name: 'layers', command: script('check-layers.mjs') },
  { name: 'exports', command: [...script('exports.mjs'), '--check'] },
  { name: 'api docs', command: [...bin('typedoc', 'bin/typedoc'), '--emit', 'none'] },
];
const KINDS = [
  { name: 'unit' },
  { name: 'integration' },
  { name: 'process', needsDist: true },
  { name: 'package', needsDist: true },
];

/** What the steps see: no colours in kept output, and no live server but the one that we give them. */
const env = { ...process.env, NO_COLOR: '1' };
for (const name of ['FORCE_COLOR', 'NACOS_TEST_SERVER', 'NACOS_TEST_KIND', 'NACOS_TEST_START']) {
  delete env[name];
}

const reports = mkdtempSync(path.join(tmpdir(), 'nacos-serving-test-'));
const total = { passed: 0, failed: 0 };

function report(name, { passed, failed, skipped = 0, note }, { output = '', seconds = 0 } = {}) {
  total.passed += passed;
  total.failed += failed;
  const facts = [
    `${String(passed)} passed`,
    ...(failed > 0 ? [`${String(failed)} failed`] : []),
    ...(skipped > 0 ? [`${String(skipped)} skipped`] : []),
    `${seconds.toFixed(1)} s`,
    ...(note === undefined ? [] : [note]),
  ];
  if (failed > 0 && output !== '') console.log(`\n--- ${name}\n${output.trimEnd()}\n---`);
  console.log(`${failed > 0 ? 'FAIL' : 'ok  '}  ${name.padEnd(14)} ${facts.join(', ')}`);
}

async function check({ name, command }) {
  const result = await run(command, { cwd: ROOT, env, timeoutMs: CHECK_LIMIT_MS });
  report(name, { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1 }, result);
  return result.ok;
}

async function tests(name, project, { extraEnv = {}, timeoutMs = TESTS_LIMIT_MS } = {}) {
  const reportFile = path.join(reports, `${name.replaceAll(/\W/g, '-')}.json`);
  const command = [
    ...bin('vitest', 'vitest.mjs'),
    ...['run', '--project', project, '--reporter=default', '--reporter=json'],
    `--outputFile.json=${reportFile}`,
  ];
  const result = await run(command, { cwd: ROOT, env: { ...env, ...extraEnv }, timeoutMs });
  report(name, countVitest(reportFile, result.ok), result);
}

async function live(server) {
  const name = `live ${server.kind}`;
  const why = whyNotHere(server, process.env);
  if (why !== undefined) {
    console.log(`live: not run on ${server.kind}: ${why}`);
    return;
  }
  let running;
  try {
    running = await startServer(server, process.env);
  } catch (error) {
    report(
      name,
      { passed: 0, failed: 1, note: 'the server did not start' },
      { output: error.message },
    );
    return;
  }
  try {
    await tests(name, 'live', {
      timeoutMs: LIVE_LIMIT_MS,
      extraEnv: {
        NACOS_TEST_SERVER: `127.0.0.1:${String(running.port)}`,
        NACOS_TEST_KIND: server.kind,
        NACOS_TEST_START: server.start.join(' '),
      },
    });
  } finally {
    await running.stop();
  }
}

const built = isWanted('build') ? await check(BUILD) : true;
const checks = CHECKS.filter(({ name }) => isWanted(name));
// Two at a time, for two cores; the tests after them have the machine to themselves.
await Promise.all(
  [0, 1].map(async () => {
    for (let next = checks.shift(); next !== undefined; next = checks.shift()) await check(next);
  }),
);
for (const { name, needsDist } of KINDS.filter((kind) => isWanted(kind.name))) {
  if (needsDist && !built) {
    report(name, { passed: 0, failed: 1, note: 'not run: the build failed' });
  } else {
    await tests(name, name);
  }
}
if (flags.heavy || only?.includes('heavy')) {
  if (await check({ name: 'heavy install', command: script('test-heavy.mjs') })) {
    await tests('heavy', 'heavy', { extraEnv: { NACOS_TEST_HEAVY: '1' } });
  }
}
if (flags.live || only?.includes('live')) {
  for (const server of liveServers(ROOT, process.env)) await live(server);
}
rmSync(reports, { recursive: true, force: true });

if (total.passed + total.failed === 0) {
  console.log('nothing ran');
  total.failed = 1;
}
process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`);
