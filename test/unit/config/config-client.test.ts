import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ConnectionError } from '../../../src/errors.js';
import { settle } from '../../helpers/fake-clock.js';
import { aConfigClient, md5, PUBLISH, QUERY } from '../../helpers/fake-configs.js';
import { typedFailure } from '../../helpers/fake-transport.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'configs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const cache = () => ({ dir, registry: 'here:8848' });
const copies = () =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(dir, name));

describe('publish', () => {
  it('says everything that it was given', async () => {
    const { config, server } = await aConfigClient();
    await config.publish('app.yml', 'G1', 'a: 1', {
      casMd5: md5('a: 0'),
      tags: ['one', 'two'],
      description: 'what it is for',
    });
    expect(server.last.unarySent.find(({ type }) => type === PUBLISH)?.body).toEqual({
      dataId: 'app.yml',
      group: 'G1',
      tenant: '',
      content: 'a: 1',
      casMd5: md5('a: 0'),
      additionMap: {
        type: 'yaml',
        appName: 'tests',
        config_tags: 'one,two',
        desc: 'what it is for',
      },
    });
  });

  it('with a sum is not sent again when the connection broke, and without one is', async () => {
    const { config, server, clock } = await aConfigClient();
    let sent = 0;
    server.answers.set(PUBLISH, () => {
      sent += 1;
      return sent === 1 || sent === 2
        ? new ConnectionError('CONNECTION_LOST', 'gone')
        : { body: server.success() };
    });
    await expect(config.publish('app', undefined, 'x', { casMd5: md5('y') })).rejects.toMatchObject(
      { code: 'CONNECTION_LOST' },
    );
    const again = config.publish('app', undefined, 'x');
    await clock.advance(1000);
    await again;
    expect(sent).toBe(3);
  });

  it('tells a lost compare-and-set from other failures', async () => {
    const { config, server } = await aConfigClient();
    const text = 'Cas publish fail, server md5 may have changed.';
    server.answers.set(PUBLISH, () => typedFailure(500, text));
    const publish = () => config.publish('app', undefined, 'x', { casMd5: md5('y') });
    await expect(publish()).rejects.toMatchObject({ code: 'CAS_CONFLICT', errorCode: 500 });
    server.answers.set(PUBLISH, () => typedFailure(500, 'database away'));
    await expect(publish()).rejects.toMatchObject({ code: 'SERVER_FAILED' });
  });

  it.each([
    ['9 MiB and a byte', 'x'.repeat(9 * 1024 * 1024 + 1)],
    ['6 MiB of line ends, which are two characters each on the wire', '\n'.repeat(6_000_000) + 'x'],
  ])('refuses %s before anything is sent', async (_name, content) => {
    const { config, server } = await aConfigClient();
    await expect(config.publish('app', undefined, content)).rejects.toMatchObject({
      code: 'CONFIG_TOO_LARGE',
    });
    expect(server.last.countOf(PUBLISH)).toBe(0);
  });

  it('sends 9 MiB', async () => {
    const { config, server } = await aConfigClient();
    await config.publish('app', undefined, 'x'.repeat(9 * 1024 * 1024));
    expect(server.last.countOf(PUBLISH)).toBe(1);
  });

  it.each([
    ['a b', undefined, 'x', {}, 'dataId'],
    ['', undefined, 'x', {}, 'dataId'],
    ['app', 'a/b', 'x', {}, 'group'],
    ['app', undefined, ' \n', {}, 'content'],
    ['app', undefined, 'x', { casMd5: 'abc' }, 'casMd5'],
    ['app', undefined, 'x', { tag: 'much-too-long-tag' }, 'tag'],
    ['app', undefined, 'x', { betaIps: [] }, 'betaIps'],
    ['app', undefined, 'x', { tags: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'tags'],
    ['app', undefined, 'x', { description: 'x'.repeat(129) }, 'description'],
  ] as const)('refuses %j %j %j %j', async (dataId, group, content, options, field) => {
    const { config } = await aConfigClient();
    await expect(config.publish(dataId, group, content, options)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(field) as unknown,
    });
  });

  it.each([{ casMd5: md5('y') }, { betaIps: ['10.0.0.1'] }, { tag: 'blue' }])(
    'with %j is not sent to r-nacos, which would ignore it',
    async (options) => {
      const { config, server, clock } = await aConfigClient({}, (scripted) => {
        scripted.negotiates = false;
      });
      await clock.advance(100);
      await expect(config.publish('app', undefined, 'x', options)).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      expect(server.last.countOf(PUBLISH)).toBe(0);
    },
  );
});

describe('copies on disk', () => {
  it('are used while Nacos is away, by get and by listeners, until it answers', async () => {
    const first = await aConfigClient({ cache: cache() });
    first.configs.put('app', 'kept');
    await first.config.get('app');
    await first.config.close();
    const [file = ''] = copies();
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const second = await aConfigClient({ cache: cache() }, (server) => {
      server.reachable = false;
    });
    expect(await second.config.get('app')).toMatchObject({ content: 'kept', source: 'snapshot' });
    const told: string[] = [];
    const subscription = second.config.listen('app', undefined, (version) => {
      told.push(`${version?.content ?? ''} ${version?.source ?? ''}`);
    });
    expect(await subscription.ready()).toMatchObject({ source: 'snapshot' });
    expect(subscription.state).toBe('stale');
    second.configs.put('app', 'kept');
    second.server.reachable = true;
    await second.clock.advance(10_000);
    expect(subscription.state).toBe('live');
    expect(subscription.current?.source).toBe('server');
    expect(told).toEqual(['kept snapshot']);
    await second.config.close();
  });

  it('trap 17: are deleted when the server says that there is none, and not used when it refuses us', async () => {
    const { config, configs, server } = await aConfigClient({ cache: cache() });
    configs.put('app', 'x');
    await config.get('app');
    await vi.waitFor(() => expect(copies()).toHaveLength(1));
    const answer = server.answers.get(QUERY);
    server.answers.set(QUERY, () => typedFailure(403, 'no right'));
    await expect(config.get('app')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    server.answers.set(QUERY, () => typedFailure(500, 'database away'));
    expect(await config.get('app')).toMatchObject({ content: 'x', source: 'snapshot' });
    if (answer !== undefined) server.answers.set(QUERY, answer);
    configs.contents.delete('app');
    expect(await config.get('app')).toBeUndefined();
    await vi.waitFor(() => expect(copies()).toEqual([]));
    await config.close();
  });

  it.each([
    ['no JSON', () => '{'],
    ['another content than was written', (text: string) => text.replace('"kept"', '"changed"')],
    ['nothing', () => ''],
  ])('with %s in them are not used', async (_name, spoil) => {
    const { config, configs, server, log } = await aConfigClient({ cache: cache() });
    configs.put('app', 'kept');
    await config.get('app');
    await config.close();
    const [file = ''] = copies();
    writeFileSync(file, spoil(readFileSync(file, 'utf8')));
    server.answers.set(QUERY, () => typedFailure(500, 'database away'));
    await expect(config.get('app')).rejects.toMatchObject({ code: 'SERVER_FAILED' });
    expect(log.some((line) => line.includes('is not used'))).toBe(true);
  });

  it('cost nothing but a line when the folder cannot be written', async () => {
    writeFileSync(path.join(dir, 'file'), '');
    const { config, configs, log } = await aConfigClient({
      cache: { dir: path.join(dir, 'file'), registry: 'here' },
    });
    configs.put('app', 'x');
    configs.put('other', 'y');
    expect((await config.get('app'))?.content).toBe('x');
    expect((await config.get('other'))?.content).toBe('y');
    await config.close();
    expect(log.filter((line) => line.includes('warn') && line.includes('not kept'))).toHaveLength(
      1,
    );
  });
});

describe('files of an operator', () => {
  const put = (name: string, text: string): void => {
    const file = path.join(dir, 'public', 'DEFAULT_GROUP', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  it('count instead of what Nacos has, while they are there', async () => {
    put('app.yaml', 'a: file');
    const { config, configs, clock } = await aConfigClient({ failoverDir: dir });
    configs.put('app.yaml', 'a: server');
    expect(await config.get('app.yaml')).toMatchObject({
      content: 'a: file',
      type: 'yaml',
      source: 'failover',
    });
    const told: (string | undefined)[] = [];
    config.listen('app.yaml', undefined, (version) => {
      told.push(version?.content);
    });
    await settle();
    expect(told).toEqual(['a: file']);
    const look = async (): Promise<void> => {
      await clock.advance(5000);
    };
    put('app.yaml', 'a: longer file');
    await vi.waitFor(async () => {
      await look();
      expect(told).toEqual(['a: file', 'a: longer file']);
    });
    put('app.yaml', '');
    await look();
    expect((await config.get('app.yaml'))?.content).toBe('a: longer file');
    rmSync(path.join(dir, 'public'), { recursive: true });
    await vi.waitFor(async () => {
      await look();
      expect(told).toEqual(['a: file', 'a: longer file', 'a: server']);
    });
    await config.close();
  });
});
