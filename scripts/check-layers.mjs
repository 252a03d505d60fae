/**
 * Owns the layer check as a command: `npm run layers`, also part of `npm test`. The rules are in lib/layers.mjs.
 * `--root DIR` checks the `src` of another folder.
 */
import { parseArgs } from 'node:util';

import { checkLayers } from './lib/layers.mjs';
import { ROOT } from './lib/root.mjs';

const { values: flags } = parseArgs({ options: { root: { type: 'string', default: ROOT } } });
const { files, problems } = checkLayers(flags.root);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`layers: ${String(files)} files keep to their levels`);
