import { describe, expect, it } from 'vitest';

import { checkLayers } from '../../../scripts/lib/layers.mjs';
import { runScript, tempFolder } from './temp-folder.js';

function check(files: Readonly<Record<string, string>>): string {
  using folder = tempFolder(files);
  return checkLayers(folder.path).problems.join('\n');
}

const lines = (count: number): string => 'export {};\n'.repeat(count);

describe('the layer check', () => {
  it('accepts imports of the own folder and of lower levels', () => {
    const output = check({
      'src/errors.ts': "export type { A } from './model.js';\n",
      'src/model.ts': 'export interface A { readonly a: string }\n',
      'src/naming/ledger.ts': "import './diff.js';\nimport type { A } from '../model.js';\n",
      'src/naming/diff.ts': "import { setTimeout } from 'node:timers';\n",
      'src/cli/main.ts': "import '../naming/ledger.js';\n",
    });
    expect(output).toBe('');
  });

  it.each([
    ['a value', "import { b } from '../client/client.js';\n"],
    ['a type', "import type { b } from '../client/client.js';\n"],
    ['a re-exported type', "export type { b } from '../client/client.js';\n"],
    ['a type written in place', "export type B = import('../client/client.js').b;\n"],
    ['a lazily loaded module', "export const load = () => import('../client/client.js');\n"],
    ['a required module', "require('../client/client.js');\n"],
  ])('refuses %s from a higher level', (_kind, text) => {
    const output = check({
      'src/naming/a.ts': `\n${text}`,
      'src/client/client.ts': 'export const b = 1;\n',
    });
    expect(output).toContain(
      'src/naming/a.ts:2: naming (L3) imports src/client/client.ts, client (L4): a part imports lower levels only',
    );
  });

  it('refuses what another folder of the same level has', () => {
    const output = check({
      'src/naming/a.ts': "import '../config/b.js';\n",
      'src/config/b.ts': 'export {};\n',
    });
    expect(output).toContain('parts of one level do not see each other');
  });

  it('keeps the dev server from sharing naming logic with the client', () => {
    const output = check({
      'src/dev-server/server.ts': "import '../naming/diff.js';\nimport '../wire/payload.js';\n",
      'src/naming/diff.ts': 'export {};\n',
      'src/wire/payload.ts': 'export {};\n',
    });
    expect(output).toContain('src/dev-server/server.ts:1: dev-server (L8) imports');
    expect(output).not.toContain('server.ts:2');
  });

  it('keeps the connection away from registration and adapters', () => {
    const output = check({
      'src/registration/a.ts': "import '../client/client.js';\n",
      'src/adapters/b.ts': "import '../remote/session.js';\n",
      'src/client/client.ts': 'export {};\n',
      'src/remote/session.ts': 'export {};\n',
    });
    expect(output).toContain('registration never imports client');
    expect(output).toContain('adapters never imports remote');
  });

  it('refuses a cycle, also one of types inside one folder', () => {
    const output = check({
      'src/util/a.ts': "import type { B } from './b.js';\n",
      'src/util/b.ts': "import type { C } from './c.js';\n",
      'src/util/c.ts': "import type { A } from './a.js';\n",
    });
    expect(output).toContain(
      'import cycle: src/util/a.ts -> src/util/b.ts -> src/util/c.ts -> src/util/a.ts',
    );
  });

  it('refuses packages outside of the places that own them', () => {
    const output = check({
      'src/naming/a.ts': "import { Client } from '@grpc/grpc-js';\nimport fs from 'fs';\n",
      'src/options/b.ts': "import { parse } from 'yaml';\nimport lodash from 'lodash/fp';\n",
      'src/adapters/c.ts': "import type { Express } from 'express';\nimport 'express';\n",
    });
    expect(output).toContain('only dev-server may import @grpc/grpc-js');
    expect(output).toContain('src/naming/a.ts:2: naming imports fs: write node:fs');
    expect(output).toContain('lodash is on no list');
    expect(output).not.toContain('imports yaml');
    expect(output).not.toContain('src/adapters/c.ts:1');
    expect(output).toContain(
      'src/adapters/c.ts:2: adapters imports express: adapters imports types',
    );
  });

  it('asks a long file for its reason and refuses a very long one', () => {
    const output = check({
      'src/util/long.ts': lines(401),
      'src/util/explained.ts': `/**\n * Length: one table.\n */\n${lines(398)}`,
      'src/util/endless.ts': `/**\n * Length: one table.\n */\n${lines(498)}`,
    });
    expect(output).toContain(
      'src/util/long.ts: 401 lines: over 400 needs a line "Length: <reason>"',
    );
    expect(output).not.toContain('explained.ts');
    expect(output).toContain('src/util/endless.ts: 501 lines: over 500');
  });

  it('refuses a folder that has no level, an import of nothing, and an empty tree', () => {
    const output = check({
      'src/helpers/a.ts': 'export {};\n',
      'src/util/b.ts': "import './gone.js';\n",
    });
    expect(output).toContain('src/helpers/a.ts: helpers has no level');
    expect(output).toContain('src/util/b.ts:1: ./gone.js is no source under src');
    expect(check({ 'src/README.md': '' })).toContain('no sources');
  });

  it('is a command that says what is wrong and fails', () => {
    using folder = tempFolder({ 'src/util/a.ts': "import './gone.js';\n" });
    expect(runScript('check-layers.mjs', '--root', folder.path)).toEqual({
      status: 1,
      output: 'src/util/a.ts:1: ./gone.js is no source under src\n',
    });
  });
});
