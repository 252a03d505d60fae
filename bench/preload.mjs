/**
 * Claim: the preload costs a process that never listens at most 15 ms over bare node. Needs no server. Writes
 * results/preload.json.
 */
import { createRequire } from 'node:module';

import { timeToExit } from './lib/child.mjs';
import { benchOptions } from './lib/options.mjs';
import { REGISTER, subject } from './lib/paths.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const AT_MOST_MS = 15;
const BARE = 'bare node';
const OURS = '--require nacos-serving/register';

const { resolve } = createRequire(import.meta.url);
const options = benchOptions(40);
const preloads = {
  [BARE]: [],
  [OURS]: ['--require', REGISTER],
  '--require nacos': ['--require', resolve('nacos')],
  '--require nacos-sdk-rust-binding-node': ['--require', resolve('nacos-sdk-rust-binding-node')],
};
const rounds = await runRounds({
  rounds: options.pairs,
  warmUps: 3,
  subjects: Object.entries(preloads).map(([id, args]) => ({
    id,
    measure: async () => ({ total: await timeToExit([...args, subject('noop.cjs')]) }),
  })),
});

const added = Object.keys(preloads)
  .filter((id) => id !== BARE)
  .map((id) =>
    comparison(rounds, {
      kind: 'difference',
      subject: id,
      against: BARE,
      metric: 'total',
      label: `added by ${id}`,
      unit: 'ms',
    }),
  );
await report(
  {
    claim: 'preload',
    title: 'Preload of a process that never listens',
    method: [
      'From spawn to exit of `node [preload] noop.cjs`, where noop.cjs is empty.',
      'The peers have no preload; what loading them costs such a process is shown beside it.',
    ],
    series: Object.keys(preloads).map((subjectId) =>
      series(rounds, { subject: subjectId, metric: 'total', label: subjectId, unit: 'ms' }),
    ),
    comparisons: added,
    targets: [target(`at most ${AT_MOST_MS} ms over bare node`, added[0], { atMost: AT_MOST_MS })],
    rounds,
  },
  options,
);
