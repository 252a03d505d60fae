import { chmodSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { checkEntryFile, typeScriptFlags } from '../../../src/cli/entry-file.js';
import { findCommand } from '../../../src/cli/find-command.js';
import { tempFolder } from '../house/temp-folder.js';

describe('the file of the app', () => {
  it.each([
    ['a.js', ''],
    ['a.mjs', ''],
    ['a.cjs', '#!/bin/sh\n'],
    ['a.ts', ''],
    ['dir/a.mts', ''],
    ['a.tsx', ''],
    ['start', '#!/usr/bin/env node\n'],
    ['start', '#!/usr/bin/env -S node --enable-source-maps\n'],
    ['start.sh', '#!/usr/local/bin/node\n'],
    ['start', 'console.log(1)\n'],
  ])('may be %s starting with %j', (name, text) => {
    using folder = tempFolder({ [name]: text });
    expect(checkEntryFile(name, folder.path)).toBe(path.join(folder.path, name));
    expect(checkEntryFile(path.join(folder.path, name), '/')).toBe(path.join(folder.path, name));
  });

  it.each([
    [
      'missing.js',
      /^no file missing\.js: to run a command, put it after --, as in: nacos-serving -- missing\.js$/,
    ],
    ['npm', /^no file npm: to run a command, put it after --/],
    ['sever.js', 'no file sever.js: did you mean server.js?'],
    ['server', 'no file server: did you mean server.js?'],
    ['no/such/dir/app.js', /^no file no\/such\/dir\/app\.js: /],
    ['server.js/app.js', /^no file server\.js\/app\.js: /],
    ['src', 'src is a directory: name the file that starts the app, like src/index.js'],
    ['.', '. is a directory: name the file that starts the app, like index.js'],
    ['app.py', /^app\.py is no JavaScript or TypeScript file: .* nacos-serving -- python app\.py$/],
    ['start', /^start is no JavaScript or TypeScript file/],
    ['tsnode', /^tsnode is no JavaScript or TypeScript file/],
  ])('%s is refused', (name, message) => {
    using folder = tempFolder({
      'server.js': '',
      'src/index.js': '',
      'app.py': 'import flask\n',
      start: '#!/bin/bash\n',
      tsnode: '#!/usr/bin/env ts-node\n',
    });
    expect(() => checkEntryFile(name, folder.path)).toThrow(message);
  });
});

describe('a TypeScript file', () => {
  const old = { stripsTypes: false, version: 'v20.20.2', flags: '' };
  const young = { ...old, stripsTypes: true, version: 'v24.0.0' };

  it('runs by itself where Node strips types, but not with JSX', () => {
    expect(typeScriptFlags('/x/a.ts', young)).toEqual([]);
    expect(typeScriptFlags('/x/a.js', old)).toEqual([]);
    expect(() => typeScriptFlags('/x/a.tsx', young)).toThrow(/does not run \.tsx files by itself/);
  });

  it('runs with the tsx of the app elsewhere', () => {
    using folder = tempFolder({
      'node_modules/tsx/package.json': '{"exports": "./loader.mjs"}',
      'node_modules/tsx/loader.mjs': '',
      'src/a.ts': '',
    });
    const flags = typeScriptFlags(path.join(folder.path, 'src/a.ts'), old);
    expect(flags).toEqual([
      '--import',
      expect.stringMatching(/^file:.*\/node_modules\/tsx\/loader\.mjs$/),
    ]);
  });

  it('runs with the loader that the user chose', () => {
    for (const flags of [
      '--import tsx',
      '--require ts-node/register',
      '-r esbuild-register',
      '--loader=x',
    ]) {
      expect(typeScriptFlags('/x/a.ts', { ...old, flags })).toEqual([]);
    }
  });

  it('without any of them is refused before anything starts', () => {
    expect(() => typeScriptFlags('/x/a.ts', { ...old, flags: '--trace-warnings' })).toThrow(
      'a.ts: Node v20.20.2 does not run .ts files by itself; install tsx in the app (npm install tsx), or start its compiled JavaScript',
    );
  });
});

describe('a command', () => {
  it('is the first executable of its name in PATH', () => {
    using folder = tempFolder({ 'one/tool': '', 'two/tool': '', 'three/tool': '' });
    const at = (name: string): string => path.join(folder.path, name);
    chmodSync(at('two/tool'), 0o755);
    chmodSync(at('three/tool'), 0o755);
    const searchPath = ['one', 'none', 'two', 'three'].map(at).join(':');
    expect(findCommand('tool', searchPath, '/')).toEqual({ file: at('two/tool') });
    expect(findCommand('./two/tool', '', folder.path)).toEqual({ file: at('two/tool') });
  });

  it('that is not there gets 127, one that cannot be executed 126', () => {
    using folder = tempFolder({ 'bin/tool': '', 'bin/folder/x': '' });
    const bin = path.join(folder.path, 'bin');
    expect(findCommand('nothing', bin, '/')).toMatchObject({ exitCode: 127 });
    expect(findCommand('./nothing', bin, '/')).toMatchObject({ exitCode: 127 });
    expect(findCommand('tool', bin, '/')).toMatchObject({ exitCode: 126 });
    expect(findCommand('./folder', '', bin)).toMatchObject({ exitCode: 126 });
  });
});
