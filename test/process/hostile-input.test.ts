/**
 * Names and metadata that Nacos would refuse, in every layer that may give them: told before anything is sent. The CLI starts nothing and ends
 * with 2; under the preload there is one line and the app goes on; code gets a ConfigError.
 */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  ConfigError,
  createClient,
  loadOptions,
  registerAutomatically,
  registerServer,
  type OptionsInput,
} from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';
import { startNode } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
const APP = path.join(ROOT, 'test', 'fixtures', 'hostile', 'self-check.cjs');
const STAYING_APP = path.join(ROOT, 'test', 'fixtures', 'apps', 'servers', 'plain.cjs');

interface Wrong {
  readonly flag: string;
  readonly variable: string;
  readonly yaml: (value: string) => string;
  readonly code: (value: string) => OptionsInput;
  readonly values: readonly [string, ...string[]];
}

const serviceYaml = (key: string) => (value: string) =>
  `service: { ${key}: ${JSON.stringify(value)} }\n`;
const metadataOf = (text: string): Record<string, string> => {
  const equals = text.indexOf('=');
  return { [text.slice(0, equals)]: text.slice(equals + 1) };
};

/** Rules: docs/protocol.md#validation. The first value of each is tried in every layer, the others in code. */
const WRONG: Readonly<Record<string, Wrong>> = {
  'service name': {
    flag: '--service-name',
    variable: 'NACOS_SERVICE_NAME',
    yaml: serviceYaml('name'),
    code: (name) => ({ service: { name } }),
    values: ['my orders', '@orders', 'a@@b', '订单', 'n'.repeat(513), 'a\nb', 'a\u00a0b', ' '],
  },
  group: {
    flag: '--service-group',
    variable: 'NACOS_SERVICE_GROUP',
    yaml: serviceYaml('group'),
    code: (group) => ({ service: { group } }),
    values: ['team/a', 'team@a', 'g'.repeat(129), '组', 'a b', 'a\n'],
  },
  cluster: {
    flag: '--service-cluster',
    variable: 'NACOS_SERVICE_CLUSTER',
    yaml: serviceYaml('cluster'),
    code: (cluster) => ({ service: { cluster } }),
    values: ['east_1', 'east.1', 'c'.repeat(65), 'a,b', 'a\n'],
  },
  namespace: {
    flag: '--namespace',
    variable: 'NACOS_NAMESPACE',
    yaml: (value) => `nacos: { namespace: ${JSON.stringify(value)} }\n`,
    code: (namespace) => ({ namespace }),
    values: ['dev.1', 'a b', 'n'.repeat(65), '空间', 'a/b', 'a\n'],
  },
  metadata: {
    flag: '--metadata',
    variable: 'NACOS_METADATA',
    yaml: (value) => `service: { metadata: ${JSON.stringify(metadataOf(value))} }\n`,
    code: (value) => ({ service: { metadata: metadataOf(value) } }),
    values: [`k=${'v'.repeat(1024)}`],
  },
};

let registry: TestRegistry;
beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

/** Whatever was sent in spite of it would be seen here. */
const nothingWasSent = async (): Promise<void> => {
  await using client = createClient({ server: registry.address, logger: silentLogger });
  expect(await client.naming.listServices()).toEqual({ count: 0, names: [] });
};

interface Layer {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

const layersOf = (wrong: Wrong): Readonly<Record<string, Layer>> => {
  const [value] = wrong.values;
  return {
    flag: { args: [wrong.flag, value] },
    variable: { env: { [wrong.variable]: value } },
    file: { files: { 'nacos.yaml': wrong.yaml(value) } },
  };
};

const CASES = Object.entries(WRONG).flatMap(([what, wrong]) =>
  Object.entries(layersOf(wrong)).map(([where, layer]) => ({ what, where, layer })),
);

describe('by the command line nothing starts, and the end is one line and 2', () => {
  it.each(CASES)('for a wrong $what in a $where', ({ layer }) => {
    using folder = tempFolder(layer.files ?? {});
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, ...(layer.args ?? []), APP],
      {
        cwd: folder.path,
        env: { PATH: process.env['PATH'], NACOS_SERVER: registry.address, ...layer.env },
        encoding: 'utf8',
      },
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^nacos-serving: [^\n]+: must be [^\n]+\n$/);
  });
});

describe('under the preload the app goes on, and there is one line', () => {
  const byPreload = CASES.filter(({ where }) => where !== 'flag');

  it.each(byPreload)('for a wrong $what in a $where', async ({ layer }) => {
    using folder = tempFolder(layer.files ?? {});
    await using child = startNode(['--require', PRELOAD, APP], {
      cwd: folder.path,
      env: { NACOS_SERVER: registry.address, ...layer.env },
    });
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    const ours = child.lines.filter((line) => line.startsWith('nacos-serving'));
    expect(ours).toEqual([
      expect.stringMatching(
        /^nacos-serving error cannot start: .+: must be .+; the app goes on without us$/,
      ),
    ]);
    expect(child.lines.filter((line) => !ours.includes(line))).toEqual(['answered 200', 'closed']);
    await nothingWasSent();
  });

  it('for a name in package.json that Nacos would refuse', async () => {
    using folder = tempFolder({
      'package.json': '{"name":"订单"}',
      'app.cjs': `require(${JSON.stringify(STAYING_APP)});`,
    });
    await using child = startNode(['--require', PRELOAD, 'app.cjs'], {
      cwd: folder.path,
      env: { NACOS_SERVER: registry.address },
    });
    const [, port] = await child.line(/^listening on (\d+)$/);
    await child.line(/name "订单" from \S+package\.json is not valid: .+ set service\.name/);
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
    expect(await answer.text()).toBe('ok');
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.lines.filter((line) => line.startsWith('nacos-serving'))).toHaveLength(1);
    await nothingWasSent();
  });
});

describe('in code a ConfigError is thrown at once', () => {
  const server = createServer();
  const thrownBy = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error;
    }
  };
  const inCode = Object.entries(WRONG).flatMap(([what, { values, code }]) =>
    values.map((value) => ({ what, shown: JSON.stringify(value.slice(0, 20)), code: code(value) })),
  );

  it.each(inCode)('for the $what $shown', ({ code }) => {
    for (const run of [
      () => registerServer(server, code),
      () => registerAutomatically(code),
      () => loadOptions({ code, env: {}, cwd: '/' }),
    ]) {
      expect(thrownBy(run)).toBeInstanceOf(ConfigError);
    }
  });

  it.each([[1], [true], [null], [{ nested: 'text' }], [['a']]])(
    'for metadata whose value is %j',
    (value) => {
      // Types do not hold for callers from JavaScript.
      const code = { service: { metadata: { version: value } } } as unknown as OptionsInput;
      expect(thrownBy(() => registerServer(server, code))).toBeInstanceOf(ConfigError);
      const { naming } = createClient({ server: registry.address, logger: silentLogger });
      const metadata = { version: value } as unknown as Record<string, string>;
      return expect(naming.register('a', { ip: '10.0.0.1', port: 1, metadata })).rejects.toThrow(
        /metadata version .* is not valid: allowed is text/,
      );
    },
  );

  it('for layers that are too much only together', () => {
    using folder = tempFolder({ 'nacos.yaml': `service: { metadata: { a: ${'x'.repeat(600)} } }` });
    const code = { service: { metadata: { b: 'y'.repeat(600) } } };
    expect(() => loadOptions({ code, env: {}, cwd: folder.path })).toThrow(
      /at most 1024 characters/,
    );
  });
});

describe('a value in a file that is no text', () => {
  it.each([
    ['nacos.yaml', 'service: { metadata: { version: 1.10, on: yes } }'],
    ['nacos.json', '{"service":{"metadata":{"version":1.10,"on":"yes"}}}'],
  ])('counts as it is written: %s', (file, text) => {
    using folder = tempFolder({ [file]: text });
    const { options } = loadOptions({ env: {}, cwd: folder.path });
    expect(options.service.metadata).toEqual({ version: '1.10', on: 'yes' });
  });

  it.each([
    ['nacos.yaml', 'service: { metadata: { labels: { a: b } } }'],
    ['nacos.yaml', 'service: { metadata: { labels: [a, b] } }'],
    ['nacos.json', '{"service":{"metadata":{"labels":["a"]}}}'],
  ])('is refused where it is a map or a list: %s %s', (file, text) => {
    using folder = tempFolder({ [file]: text });
    expect(() => loadOptions({ env: {}, cwd: folder.path })).toThrow(ConfigError);
  });
});
