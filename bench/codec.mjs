/**
 * Claim, reported without a target: what one message costs between bytes and data. Writes results/codec.json.
 */
import { startNode } from './lib/child.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, subject } from './lib/paths.mjs';
import { report, series } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const options = benchOptions();
const SIZES = ['300 B', '2.5 KB', '1 MB'];

const rounds = await runRounds({
  rounds: options.pairs,
  subjects: SIZES.map((id) => ({
    id,
    async measure() {
      const child = startNode([subject('codec-times.mjs'), DIST, id]);
      try {
        const { encode, decode } = await child.said('measured');
        return { encode, decode };
      } finally {
        await child.stop();
      }
    },
  })),
});

await report(
  {
    claim: 'codec',
    title: 'The codec of the wire',
    method: [
      'Each sample is a fresh process, and the mean of many passes over one payload with three headers and a JSON body of this size, after as many to warm up.',
      'Encode: from the request as data to the bytes of the payload, JSON included. Decode: back to the parsed body.',
    ],
    series: ['encode', 'decode'].flatMap((metric) =>
      SIZES.map((id) =>
        series(rounds, { subject: id, metric, label: `${metric}, ${id}`, unit: 'us' }),
      ),
    ),
    comparisons: [],
    targets: [],
    rounds,
  },
  options,
);
