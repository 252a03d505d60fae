/** docs/diagnostics.md and src/diagnostics.ts name the same channels, with the same fields. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';
import { expect, it } from 'vitest';

import { CHANNELS } from '../../../src/diagnostics.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const SOURCE = path.join(ROOT, 'src', 'diagnostics.ts');

/** Of each channel, the names of the fields that its message has, by the types. */
function channelsOfTheCode(): Map<string, readonly string[]> {
  const program = ts.createProgram([SOURCE], {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(SOURCE);
  const found = new Map<string, readonly string[]>();
  source?.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== 'ChannelMessages') return;
    for (const member of checker.getTypeAtLocation(node).getProperties()) {
      const fields = checker.getTypeOfSymbolAtLocation(member, node).getProperties();
      found.set(member.name, fields.map(({ name }) => name).toSorted());
    }
  });
  return found;
}

/** The same by the page: every row of its table of channels, which lists fields in the second column. */
function channelsOfThePage(): Map<string, readonly string[]> {
  const text = readFileSync(path.join(ROOT, 'docs', 'diagnostics.md'), 'utf8');
  const rows = text.matchAll(/^\| `(nacos-serving:[a-z-]+)` \| ([^|]*) \|/gm);
  return new Map(
    [...rows].map(([, channel = '', fields = '']) => [
      channel,
      [...fields.matchAll(/`(\w+)`/g)].map(([, field = '']) => field).toSorted(),
    ]),
  );
}

it('every channel has a row with the fields of its message, and no other row', () => {
  expect(channelsOfThePage()).toEqual(channelsOfTheCode());
});

it('every channel has a message, and every message a channel', () => {
  expect([...channelsOfTheCode().keys()]).toEqual(Object.values(CHANNELS));
});
