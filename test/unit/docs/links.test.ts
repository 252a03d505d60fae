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
const LINK = /\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g;

describe('links between pages', () => {
  it.each(PAGES)('%s points at files that are there', (page) => {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    const broken = [...text.matchAll(LINK)]
      .map(([, target = '']) => path.join(ROOT, path.dirname(page), target))
      .filter((file) => !existsSync(file));
    expect(broken).toEqual([]);
  });
});
