import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)/g;
const FENCE = /^ {0,4}(```+|~~~+)[^\n]*\n([\s\S]*?)^ {0,4}\1 *$/gm;

interface Link {
  /** Absolute. */
  readonly file: string;
  /** What stands behind `#`. */
  readonly anchor: string | undefined;
}

function linksOf(page: string): readonly Link[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8').replace(FENCE, '');
  return [...text.matchAll(LINK)].map(([, target = '', anchor]) => ({
    file: target === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), target),
    anchor,
  }));
}

/** What can stand behind `#`: ids that the page sets, and its headings as GitHub spells them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8').replace(FENCE, '');
  const ids = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\]\([^)]*\)/g, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...ids, ...headings]);
}

describe('links between pages', () => {
  it.each(PAGES)('%s points at files that are there', (page) => {
    const broken = linksOf(page).filter(({ file }) => !existsSync(file));
    expect(broken).toEqual([]);
  });

  it.each(PAGES)('%s points at headings that are there', (page) => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) =>
        anchor !== undefined &&
        file.endsWith('.md') &&
        existsSync(file) &&
        !anchorsOf(file).has(anchor),
    );
    expect(broken).toEqual([]);
  });
});
