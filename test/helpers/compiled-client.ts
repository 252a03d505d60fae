/**
 * Owns a copy of the client as JavaScript, for tests of whole processes that must not depend on a build: the files that
 * `client/client.ts` needs, each stripped of its types, in a folder of its own.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import ts from 'typescript';

export interface CompiledClient extends AsyncDisposable {
  /** What a child imports: `const { createClient } = await import(url)`. */
  readonly url: string;
}

const ROOT = path.join(import.meta.dirname, '../..');

export async function compileClient(): Promise<CompiledClient> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nacos-serving-client-'));
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const done = new Set<string>();
  const compile = async (file: string): Promise<void> => {
    if (done.has(file)) return;
    done.add(file);
    const source = await readFile(path.join(ROOT, 'src', `${file}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    const out = path.join(folder, `${file}.js`);
    await mkdir(path.dirname(out), { recursive: true });
    await writeFile(out, outputText);
    for (const [, target = ''] of outputText.matchAll(/from '(\.[^']+)\.js'/g)) {
      await compile(path.posix.join(path.posix.dirname(file), target));
    }
  };
  await compile('client/client');
  return {
    url: pathToFileURL(path.join(folder, 'client/client.js')).href,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
