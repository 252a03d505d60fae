import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { installPackage, ROOT, runIn, type InstalledPackage, type Ran } from './installed.js';

let installed: InstalledPackage;
beforeAll(() => {
  installed = installPackage();
});
afterAll(() => {
  installed[Symbol.dispose]();
});

const { resolve } = createRequire(import.meta.url);
const SILENT_SUCCESS: Ran = { status: 0, stdout: '', stderr: '' };
const NAMES_OF = 'JSON.stringify(Object.keys(loaded).filter((n) => n !== "__esModule").sort())';

/** Runs a module (or a CommonJS script) as the user's own file. */
function runCode(code: string, extension: 'mjs' | 'cjs'): Ran {
  const file = path.join(installed.project, `probe.${extension}`);
  writeFileSync(file, code);
  return runIn(installed.project, process.execPath, [file]);
}

function installedFile(name: string): string {
  return readFileSync(path.join(installed.project, 'node_modules/nacos-serving', name), 'utf8');
}

describe('the tarball', () => {
  it('holds what is built, the licence, the readme the change log and the docs, and nothing else', () => {
    const names = installed.files.map((file) => file.path);
    const wanted =
      /^(?:docs\/(?:[\w-]+\/)*[\w.-]+\.md|schema\/nacos\.schema\.json|dist\/.+\.(?:c?js|c?js\.map|d\.c?ts)|LICENSE|README(?:\.[\w-]+)?\.md|CHANGELOG\.md|package\.json)$/;
    expect(names.filter((name) => !wanted.test(name))).toEqual([]);
    expect(names.filter((name) => /(?:^|\/)test\/|\.test\./.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md']));
  });

  it('has nothing in it for which there is no source', () => {
    const sources = installed.files
      .filter((file) => file.path.endsWith('.map'))
      .flatMap((file) => {
        const map = JSON.parse(installedFile(file.path)) as {
          readonly sources: readonly string[];
          readonly sourcesContent?: readonly unknown[];
        };
        expect(map.sourcesContent).toHaveLength(map.sources.length);
        return map.sources.map((source) => path.posix.join(path.posix.dirname(file.path), source));
      });
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(source).toMatch(/^src\//);
      expect(() => readFileSync(path.join(ROOT, source))).not.toThrow();
    }
  });

  it('names no folder of the machine that built it', () => {
    for (const file of installed.files) {
      const text = installedFile(file.path);
      expect(text.includes(ROOT), file.path).toBe(false);
      expect(text.includes(`${homedir()}${path.sep}`), file.path).toBe(false);
    }
  });

  it('satisfies publint', async () => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(readFileSync(installed.tarball)).buffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('gives every subpath its types in each way of resolving', () => {
    const attw = path.join(
      path.dirname(resolve('@arethetypeswrong/cli/package.json')),
      'dist/index.js',
    );
    // node16: what Node 20.19 and later resolve; there was no export map before. `cjs-resolves-to-esm` is what we
    // mean: the package is ESM only, and require() of ESM works in every Node that we support.
    const rules = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'];
    const form = ['--format', 'ascii', '--no-emoji'];
    const ran = runIn(ROOT, process.execPath, [attw, installed.tarball, ...rules, ...form]);
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    // The one subpath with a CommonJS file of its own: `--require` of it must not depend on require() of ESM.
    expect(ran.stdout).toMatch(/nacos-serving\/register"\s+node16 \(from CJS\): OK \(CJS\)/);
  });
});

describe('the installed package', () => {
  it('loads every subpath with import and with require, and both give the same names', () => {
    expect(installed.specifiers).toContain('nacos-serving');
    for (const specifier of installed.specifiers) {
      const imported = runCode(
        `import * as loaded from '${specifier}';\nprocess.stdout.write(${NAMES_OF});\n`,
        'mjs',
      );
      const required = runCode(
        `const loaded = require('${specifier}');\nprocess.stdout.write(${NAMES_OF});\n`,
        'cjs',
      );
      expect(imported, specifier).toMatchObject({ status: 0, stderr: '' });
      expect(required, specifier).toEqual(imported);
    }
  });

  it('keeps everything else to itself', () => {
    const code =
      "import('nacos-serving/dist/index.js').catch((e) => process.stdout.write(e.code));\n";
    expect(runCode(code, 'mjs').stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('tells its version on the command line', () => {
    const { version } = JSON.parse(installedFile('package.json')) as { readonly version: string };
    const ran = runIn(installed.project, 'npx', ['--no-install', 'nacos-serving', '--version']);
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining(version) });
  });

  it('has no effect on the process when only imported', () => {
    // Compares everything that hooks could have touched before and after, then waits for the natural end.
    const code = `
      import http from 'node:http';
      import net from 'node:net';
      // Opened by whoever prints first, and then part of the list below.
      void [process.stdout, process.stderr];
      const passing = new Set(['CloseReq', 'FSReqCallback', 'FSReqPromise']);
      const look = () => ({
        globals: Reflect.ownKeys(globalThis).map(String),
        fetch: globalThis.fetch,
        listen: net.Server.prototype.listen,
        addRequest: http.Agent.prototype.addRequest,
        emit: process.emit,
        listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        resources: process.getActiveResourcesInfo().filter((kind) => !passing.has(kind)),
        env: { ...process.env },
      });
      const before = look();
      await import('nacos-serving');
      const after = look();
      for (const key of Object.keys(before)) {
        const plain = typeof before[key] !== 'function';
        const same = plain ? JSON.stringify(before[key]) === JSON.stringify(after[key]) : before[key] === after[key];
        if (!same) console.log(key, before[key], after[key]);
      }
    `;
    expect(runCode(code, 'mjs')).toEqual(SILENT_SUCCESS);
  });

  it('leaves a process that only preloads it alone', () => {
    const args = ['--require', 'nacos-serving/register', '--eval', ''];
    expect(runIn(installed.project, process.execPath, args)).toEqual(SILENT_SUCCESS);
  });
});

describe('the types', () => {
  const CONSUMER = `
    import { createClient, isNacosError, type Instance, type NacosClient } from 'nacos-serving';
    import 'nacos-serving/register';
    import { startDevServer } from 'nacos-serving/dev-server';

    export async function first(server: string): Promise<Instance | undefined> {
      const client: NacosClient = createClient({ server });
      try {
        const snapshot = await client.naming.query('orders');
        return snapshot.instances[0];
      } catch (error) {
        if (isNacosError(error) && error.retryable) return undefined;
        throw error;
      } finally {
        await client.close();
      }
    }
    export const dev = startDevServer;
  `;

  it.each([
    // Without the browser's types, so that checking every declaration file stays quick.
    { module: 'nodenext', file: 'consumer.{mts,cts}', exact: true, lib: ['es2022'] },
    { module: 'nodenext', file: 'consumer.{mts,cts}', exact: false, lib: ['es2022'] },
    // What a bundled application has; our declarations were checked by the two above.
    { module: 'preserve', file: 'consumer.ts', exact: true, lib: ['es2022', 'dom'] },
  ])(
    'are right for $file under $module, exactOptionalPropertyTypes $exact',
    ({ module, file, exact, lib }) => {
      const files = file.includes('{') ? ['consumer.mts', 'consumer.cts'] : [file];
      for (const name of files) writeFileSync(path.join(installed.project, name), CONSUMER);
      const config = path.join(installed.project, 'tsconfig.json');
      const compilerOptions = {
        module,
        target: 'es2022',
        lib,
        strict: true,
        exactOptionalPropertyTypes: exact,
        skipLibCheck: lib.includes('dom'),
        noEmit: true,
        types: ['node'],
        typeRoots: [path.join(ROOT, 'node_modules/@types')],
      };
      writeFileSync(config, JSON.stringify({ compilerOptions, files }));
      const tsc = resolve('typescript/bin/tsc');
      expect(runIn(installed.project, process.execPath, [tsc, '-p', config])).toEqual(
        SILENT_SUCCESS,
      );
    },
  );
});
