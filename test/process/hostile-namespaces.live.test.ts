/** Unmodified apps and callers, each in a namespace: a caller reaches what is registered in its own, and nothing else. */
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startNode, type Child } from '../helpers/child.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
const PROVIDER = path.join(ROOT, 'examples', 'quick-start', 'provider', 'app.js');
const ONCE = path.join(ROOT, 'test', 'fixtures', 'apps', 'callers', 'once.mjs');

let registry: TestRegistry;
let children: Child[];
beforeEach(async () => {
  registry = await openRegistry();
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  await registry.close();
});

function start(argv: readonly string[], env: Readonly<Record<string, string>>): Child {
  const child = startNode(argv, { env: { NACOS_SERVER: registry.address, ...env } });
  children.push(child);
  return child;
}

async function provider(name: string, flags: readonly string[]): Promise<Child> {
  const child = start([CLI, ...flags, PROVIDER], { PROVIDER_NAME: name });
  await child.line(/ registered /);
  return child;
}

describe('an unmodified caller', () => {
  it('reaches the service of its own namespace and group only, also when the own one is gone', async () => {
    const service = registry.uniqueName('orders');
    const [blue, green] = [registry.uniqueName('blue'), registry.uniqueName('green')];
    const inBlue = ['--service-name', service, '--namespace', blue];
    const [own] = await Promise.all([
      provider('blue', inBlue),
      provider('blue-team', [...inBlue, '--service-group', 'TEAM_B']),
      provider('green', ['--service-name', service, '--namespace', green]),
    ]);
    const call = async (env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
      const url = `http://${service}/hello`;
      const caller = start(['--require', PRELOAD, ONCE, url], env);
      expect(await caller.exit()).toEqual({ code: 0, signal: null });
      return caller.lines;
    };
    expect(await call({ NACOS_NAMESPACE: blue })).toEqual(['fetch: blue', 'http: blue', 'done']);
    expect(await call({ NACOS_NAMESPACE: green })).toEqual(['fetch: green', 'http: green', 'done']);
    expect(await call({ NACOS_NAMESPACE: blue, NACOS_SERVICE_GROUP: 'TEAM_B' })).toEqual([
      'fetch: blue-team',
      'http: blue-team',
      'done',
    ]);

    own.kill('SIGTERM');
    await own.exit();
    // Nacos remembers an empty service for a while: no instance. One that is forgotten is a name for DNS.
    const why = '(NO_INSTANCE|ENOTFOUND|EAI_AGAIN)';
    expect(await call({ NACOS_NAMESPACE: blue })).toEqual([
      expect.stringMatching(new RegExp(`^fetch failed: TypeError ${why}$`)),
      expect.stringMatching(new RegExp(`^http failed: ${why}$`)),
      'done',
    ]);
  });
});
