/**
 * Fills the last column of the trap tables in docs/protocol.md: the files under test/ with a test named
 * `trap N: …`. Run by hand after such a test was added or moved; test/unit/docs/traps.test.ts checks the column.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const page = new URL('docs/protocol.md', root);
const files = new Map();

const tests = readdirSync(new URL('test/', root), { recursive: true })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.test.ts'));
for (const file of tests.toSorted()) {
  const source = readFileSync(new URL(`test/${file}`, root), 'utf8');
  for (const [, number] of source.matchAll(/['"`]trap (\d+):/g)) {
    const named = files.get(number) ?? new Set();
    files.set(number, named.add(`\`${file.replace(/\.test\.ts$/, '')}\``));
  }
}

const text = readFileSync(page, 'utf8').replace(
  /^(\| <a id="trap-(\d+)"><\/a>.*\|)[^|]*\|$/gm,
  (_row, start, number) => `${start} ${[...(files.get(number) ?? [])].join(', ')} |`,
);
writeFileSync(page, text);
