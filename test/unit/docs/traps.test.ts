import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);
/** The others belong to the config client and to the HTTP side of the dev server. */
const MUST_HAVE_TEST = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27,
];

function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

function filesUnder(folder: string, end: string): string[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(end))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
}

const page = textOf('docs/protocol.md');
const rows = new Map(
  [...page.matchAll(/^\| <a id="trap-(\d+)"><\/a>(\d+) \|(.*)\|$/gm)].map((row) => {
    const [rule, why, source, test] = (row[3] ?? '').split('|').map((cell) => cell.trim());
    return [Number(row[1]), { number: Number(row[2]), rule, why, source, test: test ?? '' }];
  }),
);
const testsByTrap = new Map<number, string[]>();
for (const file of filesUnder('test', '.test.ts')) {
  for (const title of textOf(file).matchAll(/['"`]trap (\d+):/g)) {
    const number = Number(title[1]);
    testsByTrap.set(number, [...(testsByTrap.get(number) ?? []), file]);
  }
}

describe('docs/protocol.md', () => {
  it('has a row with rule, reason and source for each of the 27 traps', () => {
    expect([...rows.keys()]).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
    for (const [id, row] of rows) {
      expect(row.number).toBe(id);
      for (const cell of [row.rule, row.why, row.source]) expect(cell).not.toBe('');
    }
  });

  it.each(MUST_HAVE_TEST)('trap %i has a test that names it', (number) => {
    expect(testsByTrap.get(number) ?? []).not.toEqual([]);
  });

  it.each(MUST_HAVE_TEST)(
    'row %i names its tests; node scripts/trap-tests.mjs fills them in',
    (number) => {
      const named = [...(rows.get(number)?.test ?? '').matchAll(/`([^`]+)`/g)].map(
        (match) => `test/${match[1] ?? ''}.test.ts`,
      );
      expect(named.sort()).toEqual([...new Set(testsByTrap.get(number))].sort());
      expect(named).not.toEqual([]);
    },
  );

  it('has every heading that the code points at', () => {
    const anchors = new Set([...page.matchAll(/<a id="([\w-]+)"><\/a>/g)].map((match) => match[1]));
    const missing = new Set<string>();
    for (const file of [...filesUnder('src', '.ts'), ...filesUnder('test', '.ts')]) {
      for (const [, anchor = ''] of textOf(file).matchAll(/protocol\.md#([\w-]+)/g)) {
        if (!anchors.has(anchor)) missing.add(`${file}: #${anchor}`);
      }
    }
    expect([...missing]).toEqual([]);
    const inside = [...page.matchAll(/\]\(#([\w-]+)\)/g)].map((match) => match[1]);
    expect(inside.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });
});
