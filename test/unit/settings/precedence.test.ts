/**
 * Which source counts. The first table holds the examples and tests of Spring Cloud Alibaba (its nacos-config examples and the tests of its
 * starter): the same contents give the same effective values here.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { SettingsOptions } from '../../../src/settings/settings-options.js';
import { aConfig, settingsOf } from './settings-fixture.js';

type Given = Omit<SettingsOptions, 'config'>;

interface Example {
  readonly name: string;
  /** By data id or `GROUP/data id`. */
  readonly nacos: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly options: Given;
  /** Key -> effective value. */
  readonly expected: Readonly<Record<string, unknown>>;
}

const SPRING: readonly Example[] = [
  {
    name: 'nacos-config-2.4.x-example: imports, groups, a list of maps',
    nacos: {
      'test.yml':
        "configdata:\n  user:\n    age: 21\n    name: freeman\n    map:\n      hobbies:\n        - art\n        - programming\n      intro: Hello, I'm freeman\n    users:\n      - name: dad\n        age: 20\n      - name: mom\n        age: 18\n",
    },
    files: { 'application.yml': 'server:\n  port: 8888\n' },
    options: {
      imports: [
        'file:application.yml',
        'optional:nacos:test.yml',
        'optional:nacos:test01.yml?group=group_02',
        'optional:nacos:test02.yml?group=group_03&refreshEnabled=false',
      ],
    },
    expected: {
      'server.port': 8888,
      'configdata.user.name': 'freeman',
      'configdata.user.age': 21,
      'configdata.user.map.hobbies[1]': 'programming',
      'configdata.user.users[1].name': 'mom',
    },
  },
  {
    name: 'nacos-config-preference-example: remote for all, local for one import ("freeman: 20")',
    nacos: {
      'test.yml': 'configdata:\n  user:\n    name: freeman\n',
      'test2.yml': 'dev:\n  age: 22\n',
    },
    files: {
      'application.yml':
        '---\nspring:\n  config:\n    activate:\n      on-profile: dev\nconfigdata:\n  user:\n    name: bb\ndev:\n  age: 20\n',
      'application-dev.yml': 'configdata:\n  user:\n    name: aa\n',
    },
    options: {
      profiles: ['dev'],
      preference: 'remote',
      imports: ['optional:nacos:test.yml', 'optional:nacos:test2.yml?preference=local'],
      local: ['application.yml', 'application-dev.yml'],
    },
    expected: { 'configdata.user.name': 'freeman', 'dev.age': 20 },
  },
  {
    name: 'the same with the default: local files of a profile go before imports',
    nacos: { 'test.yml': 'configdata:\n  user:\n    name: freeman\n' },
    files: { 'application-dev.yml': 'configdata:\n  user:\n    name: aa\n' },
    options: { imports: ['optional:nacos:test.yml'], local: 'application-dev.yml' },
    expected: { 'configdata.user.name': 'aa' },
  },
  {
    name: 'NacosConfigurationNewTest: shared, extension, application by name and profiles dev,test',
    nacos: {
      'test-group/test-name.properties': 'user.name=hello\nuser.age=12',
      'test-group/test-name-dev.properties': 'user.name=dev',
      'ext-config-common01.properties': 'test-ext-config1=config1\ntest-ext-config2=config1',
      'GLOBAL_GROUP/ext-config-common02.properties': 'test-ext-config2=config2',
      'common03/ext-config-common03':
        '{"nacosExtConfig3":{"data-id":"ext-config-common03","file-extension":"json","group":"common03"}}',
      'common1.properties': 'test-common1=common1\ntest-common2=common1',
      'common2.properties': 'test-common2=common2',
    },
    options: {
      profiles: ['dev', 'test'],
      shared: ['common1.properties', 'common2.properties'],
      extension: [
        'ext-config-common01.properties',
        { dataId: 'ext-config-common02.properties', group: 'GLOBAL_GROUP' },
        { dataId: 'ext-config-common03', group: 'common03', format: 'json' },
      ],
      application: { name: 'test-name', group: 'test-group' },
    },
    expected: {
      'user.name': 'dev',
      'user.age': '12',
      'nacosExtConfig3.data-id': 'ext-config-common03',
      'nacosExtConfig3.file-extension': 'json',
      'nacosExtConfig3.group': 'common03',
      'test-ext-config1': 'config1',
      'test-ext-config2': 'config2',
      'test-common1': 'common1',
      'test-common2': 'common2',
    },
  },
  {
    name: 'NacosFileExtensionTest: the ending is set to yaml',
    nacos: { 'test-name.yaml': 'user:\n  name: hello\n  age: 12' },
    options: { application: { name: 'test-name', extension: 'yaml' } },
    expected: { 'user.name': 'hello', 'user.age': 12 },
  },
  {
    name: 'NacosConfigurationXmlJsonTest, its JSON: lists of maps, numbers and booleans',
    nacos: {
      'shared-data1.properties': 'shared-name=shared-value-1',
      'shared-data.json':
        '{"test":{"name":"test","list":[{"name":"listname1","age":1},{"name":"listname2","age":2}],"metadata":{"intKey":123,"booleanKey":true}}}',
      'ext-json-test.json': '{"people":{"firstName":"Brett","lastName":"McLaughlin"}}',
    },
    options: {
      shared: ['shared-data1.properties', 'shared-data.json'],
      extension: ['ext-json-test.json'],
    },
    expected: {
      'test.name': 'test',
      'test.list[0].name': 'listname1',
      'test.list[1].age': 2,
      'test.metadata.intKey': 123,
      'test.metadata.booleanKey': true,
      'people.firstName': 'Brett',
      'shared-name': 'shared-value-1',
    },
  },
];

/** One key in more and more sources: the one that was added last counts each time. */
const LADDER: readonly (readonly [step: string, options: Given])[] = [
  ['defaults', { defaults: { k: 'defaults' } }],
  ['shared1', { shared: ['shared1.yaml'] }],
  ['shared2', { shared: ['shared1.yaml', 'shared2.yaml'] }],
  ['extension1', { extension: ['extension1.yaml'] }],
  ['extension2', { extension: ['extension1.yaml', 'extension2.yaml'] }],
  ['orders', { application: { name: 'orders', extension: 'yaml', profiles: [] } }],
  ['orders-a', { application: { name: 'orders', extension: 'yaml', profiles: ['a'] } }],
  ['orders-b', { application: { name: 'orders', extension: 'yaml', profiles: ['a', 'b'] } }],
  ['import1', { imports: ['nacos:import1.yaml'] }],
  ['import2', { imports: ['nacos:import1.yaml', 'nacos:import2.yaml'] }],
  ['local1', { local: ['local1.yaml'] }],
  ['local2', { local: ['local1.yaml', 'local2.yaml'] }],
  [
    'remote',
    {
      imports: ['nacos:remote.yaml?preference=remote', 'nacos:import1.yaml', 'nacos:import2.yaml'],
    },
  ],
  ['env', { env: { K: 'env' } }],
];

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'settings-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

describe('the examples of Spring Cloud Alibaba give the same values', () => {
  it.each(SPRING)('$name', async ({ nacos, files = {}, options, expected }) => {
    const config = await aConfig(nacos);
    const settings = await settingsOf(config, { ...options, cwd: await folderWith(files) });
    const found = Object.fromEntries(
      Object.keys(expected).map((key) => [key, settings.get(key)] as const),
    );
    expect(found).toEqual(expected);
  });
});

describe('precedence', () => {
  it('each source goes before the ones that stand above it on the page', async () => {
    const names = LADDER.map(([name]) => name);
    const nacos = Object.fromEntries(names.map((name) => [`${name}.yaml`, `k: ${name}`]));
    const config = await aConfig(nacos);
    const cwd = await folderWith({ 'local1.yaml': 'k: local1', 'local2.yaml': 'k: local2' });
    let options: Given = { cwd };
    for (const [name, more] of LADDER) {
      options = { ...options, ...more };
      const settings = await settingsOf(config, options);
      expect(settings.get('k'), name).toBe(name);
    }
    const settings = await settingsOf(config, options);
    expect(settings.explain()).toEqual([
      {
        key: 'k',
        shown: 'env',
        source: 'env K',
        hidden: [
          'nacos:remote.yaml?group=DEFAULT_GROUP',
          'file:local2.yaml',
          'file:local1.yaml',
          'nacos:import2.yaml?group=DEFAULT_GROUP',
          'nacos:import1.yaml?group=DEFAULT_GROUP',
          'nacos:orders-b.yaml?group=DEFAULT_GROUP',
          'nacos:orders-a.yaml?group=DEFAULT_GROUP',
          'nacos:orders.yaml?group=DEFAULT_GROUP',
          'nacos:extension2.yaml?group=DEFAULT_GROUP',
          'nacos:extension1.yaml?group=DEFAULT_GROUP',
          'nacos:shared2.yaml?group=DEFAULT_GROUP',
          'nacos:shared1.yaml?group=DEFAULT_GROUP',
          'defaults',
        ],
      },
    ]);
  });

  it('maps are merged key by key, lists are replaced whole, and a map and a value replace each other', async () => {
    const config = await aConfig({
      'a.yaml': 'map: {x: 1, y: 1}\nlist: [1, 2, 3]\nvalue: 1\nholder: {x: 1}\nstay: 1\n',
      'b.yaml': 'map: {y: 2, z: 2}\nlist: [9]\nvalue: {x: 1}\nholder: 2\n',
    });
    const settings = await settingsOf(config, { imports: ['nacos:a.yaml', 'nacos:b.yaml'] });
    expect(settings.value).toEqual({
      map: { x: 1, y: 2, z: 2 },
      list: [9],
      value: { x: 1 },
      holder: 2,
      stay: 1,
    });
    const sources = Object.fromEntries(settings.explain().map((one) => [one.key, one.source]));
    expect(sources['map.x']).toContain('a.yaml');
    expect(sources['list[0]']).toContain('b.yaml');
  });

  it('a group of their own counts for those that name none', async () => {
    const config = await aConfig({
      'G/a.yaml': 'a: 1',
      'H/b.yaml': 'b: 1',
      'G/o.properties': 'o=1',
    });
    const settings = await settingsOf(config, {
      group: 'G',
      imports: ['nacos:a.yaml', 'nacos:b.yaml?group=H'],
      application: { name: 'o' },
    });
    expect(settings.value).toEqual({ a: 1, b: 1, o: '1' });
  });

  it('variables are spelled in capitals, with places of lists', async () => {
    const config = await aConfig({ 'a.yaml': 'a: {b-c: 1, list: [x, {d: y}]}\nk: v' });
    const settings = await settingsOf(config, {
      imports: ['nacos:a.yaml'],
      env: { A_B_C: '2', A_LIST_0: 'X', A_LIST_1_D: 'Y', OTHER: 'z' },
    });
    expect(settings.value).toEqual({ a: { 'b-c': '2', list: ['X', { d: 'Y' }] }, k: 'v' });
  });

  it('a data id without ending is read by its type in Nacos, else as properties', async () => {
    const config = await aConfig({ plain: 'a.b=1' });
    await config.put('typed', '{"c":1}', { type: 'json' });
    const settings = await settingsOf(config, { imports: ['nacos:plain', 'nacos:typed'] });
    expect(settings.value).toEqual({ a: { b: '1' }, c: 1 });
  });

  it('a text is one value, and its dollar signs stay', async () => {
    const config = await aConfig({ 'motd.txt': 'pay ${price}', 'logo.txt': 'L' });
    const settings = await settingsOf(config, {
      imports: ['nacos:motd.txt', 'nacos:logo.txt?key=ui.logo'],
    });
    expect(settings.value).toEqual({ motd: 'pay ${price}', ui: { logo: 'L' } });
  });
});
