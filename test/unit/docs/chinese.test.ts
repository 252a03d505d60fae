/** Every page of users stands in docs/zh-CN too, and says the same: what can be compared without reading Chinese has to agree. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { ROOT } from '../house/temp-folder.js';

const DOCS = path.join(ROOT, 'docs');
const CHINESE = 'zh-CN';
/** For who works on the package or reads figures; they are in English. */
const ENGLISH_ONLY = ['architecture.md', 'protocol.md', 'benchmarks.md'];

const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.md') && !name.startsWith(CHINESE) && !ENGLISH_ONLY.includes(name),
);

const twins = [
  { page: 'README.md', twin: `README.${CHINESE}.md` },
  ...pages.map((name) => ({ page: `docs/${name}`, twin: `docs/${CHINESE}/${name}` })),
];

interface Shape {
  /** Level of each heading, in order. */
  readonly headings: readonly number[];
  /** Rows of all tables, heads and rules included. */
  readonly rows: number;
  /** Columns of each row. */
  readonly columns: readonly number[];
  /** Code blocks without their comments, which are translated; of plain text, having no language, the number of lines. */
  readonly blocks: readonly (string | number)[];
  /** Inline code, each once, sorted. */
  readonly code: readonly string[];
  /** Files of the repository that are linked; Chinese pages link to each other. */
  readonly links: readonly string[];
}

const FENCE = /^ {0,4}(```+|~~~+)([^\n]*)\n([\s\S]*?)^ {0,4}\1 *$/gm;
const COMMENT = /(^|\s)(\/\/|#|<!--).*$/gm;
const SPACE = /\s/u;
const MARK = /[\p{P}\p{S}]/u;
const LETTER = /[^\p{P}\p{S}\s]/u;
const LINK = /\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g;

function shapeOf(text: string, folder: string): Shape {
  const blocks = [...text.matchAll(FENCE)].map(([, , language = '', block = '']) =>
    language.trim() === ''
      ? block.split('\n').length
      : block.replace(COMMENT, '').replace(/[ \t]+$/gm, ''),
  );
  const prose = text.replace(FENCE, '').replace(/<!--[\s\S]*?-->/g, '');
  const rows = prose.split('\n').filter((line) => line.startsWith('|'));
  const code = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, each = '']) => each);
  const links = [...prose.matchAll(LINK)].map(([, target = '']) =>
    path.posix
      .normalize(path.posix.join(folder, target))
      .replace(`/${CHINESE}/`, '/')
      .replace(`.${CHINESE}.md`, '.md'),
  );
  return {
    headings: [...prose.matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length),
    rows: rows.length,
    columns: rows.map(
      (row) =>
        row
          .replace(/\\\|/g, '')
          .replace(/`[^`]*`/g, '')
          .split('|').length,
    ),
    blocks,
    code: [...new Set(code)].sort(),
    links: [...new Set(links)].sort(),
  };
}

/**
 * `**` that CommonMark leaves as stars: between Chinese letters there are no spaces, and stars behind a full stop and in front of a letter end
 * nothing. Gives the text around them.
 */
function deadStars(text: string): readonly string[] {
  const prose = text.replace(FENCE, '').replace(/`[^`\n]*`/g, '`code`');
  return prose.split('\n').flatMap((line) =>
    [...line.matchAll(/\*\*/g)].flatMap(({ index }, nth) => {
      const [before, after] = [line[index - 1] ?? ' ', line[index + 2] ?? ' '];
      const [inside, outside] = nth % 2 === 0 ? [after, before] : [before, after];
      const works = !SPACE.test(inside) && (!MARK.test(inside) || !LETTER.test(outside));
      return works ? [] : [line.slice(Math.max(0, index - 10), index + 10)];
    }),
  );
}

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('the Chinese twin', () => {
  it.each(twins)('of $page has its headings, tables, code and links', ({ page, twin }) => {
    expect(existsSync(path.join(ROOT, twin)), `${twin} is there`).toBe(true);
    const english = shapeOf(read(page), path.posix.dirname(page));
    const chinese = shapeOf(read(twin), path.posix.dirname(twin));
    expect(chinese).toEqual(english);
    expect(read(twin)).toMatch(/\p{Script=Han}/u);
  });

  it.each(twins)('of $page leads to Chinese pages where there are some', ({ page, twin }) => {
    const english = new Set(twins.map((each) => each.page).filter((each) => each !== page));
    const targets = [...read(twin).replace(FENCE, '').matchAll(LINK)].map(([, target = '']) =>
      path.posix.join(path.posix.dirname(twin), target),
    );
    expect(targets.filter((target) => english.has(target))).toEqual([]);
  });

  it.each(twins)('of $page has no stars that are shown as such', ({ twin }) => {
    expect(deadStars(read(twin))).toEqual([]);
  });

  it('stands beside an English page', () => {
    const chinese = readdirSync(path.join(DOCS, CHINESE), { recursive: true, encoding: 'utf8' });
    expect(chinese.filter((name) => name.endsWith('.md')).sort()).toEqual([...pages].sort());
  });

  it('would be refused with stars that end nothing', () => {
    expect(deadStars('**绝不重复。**实例')).toHaveLength(1);
    expect(deadStars('**绝不重复**。实例')).toEqual([]);
  });
});
