/** Settings while they run: the three failures of the start, changes, refusals, and the end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import * as v from 'valibot';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { ConfigError, ConnectionError } from '../../../src/errors.js';
import { createSettings } from '../../../src/settings/settings.js';
import type { SettingsChange } from '../../../src/settings/settings-options.js';
import { settingsHealth } from '../../../src/settings-health.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { aConfig, aLog, settingsOf, settled } from './settings-fixture.js';

const APP = 'nacos:app.yaml?group=DEFAULT_GROUP';
const away = new ConnectionError('NOT_CONNECTED', 'no connection to 10.0.0.1:8848');

describe('the start', () => {
  it('tells the three failures apart, and names every source that has to be there', async () => {
    const config = await aConfig({ 'broken.yaml': 'a: [hunter2' });
    config.fail('away.yaml', away);
    await expect(settingsOf(config, { imports: ['nacos:app.yaml'] })).rejects.toMatchObject({
      code: 'SETTINGS_MISSING',
      message: `${APP} is missing; publish it, or write optional: in front`,
    });
    await expect(settingsOf(config, { imports: ['nacos:away.yaml'] })).rejects.toMatchObject({
      code: 'SETTINGS_UNREACHABLE',
      retryable: true,
      message: 'nacos:away.yaml?group=DEFAULT_GROUP cannot be read: no connection to 10.0.0.1:8848',
      cause: away,
    });
    const broken = await settingsOf(config, { imports: ['nacos:broken.yaml'] }).catch(
      (error: unknown) => error,
    );
    expect(broken).toMatchObject({ code: 'SETTINGS_BROKEN' });
    expect(String(broken)).toMatch(/broken\.yaml\S* is broken: not valid YAML at line 1/);
    expect(JSON.stringify(broken)).not.toContain('hunter2');
    await expect(
      settingsOf(config, { imports: ['nacos:app.yaml', 'nacos:away.yaml'] }),
    ).rejects.toThrow(/app\.yaml\S* is missing; .*away\.yaml\S* cannot be read/);
    config.fail('cipher-x.yaml', new ConfigError('NO_CIPHER', 'nobody decrypts cipher-x'));
    await expect(settingsOf(config, { imports: ['nacos:cipher-x.yaml'] })).rejects.toMatchObject({
      code: 'SETTINGS_BROKEN',
      retryable: false,
    });
    expect(config.listeners()).toBe(0);
  });

  it('goes on without what is optional, whichever failure it is, and says so', async () => {
    const config = await aConfig({ 'broken.yaml': '- no map', 'app.yaml': 'a: 1' });
    config.fail('away.yaml', away);
    const logger = aLog();
    const settings = await settingsOf(config, {
      logger,
      imports: [
        'optional:nacos:broken.yaml',
        'optional:nacos:away.yaml',
        'optional:nacos:missing.yaml',
        'nacos:app.yaml',
      ],
    });
    expect(settings.value).toEqual({ a: 1 });
    expect(settings.status.sources.map(({ state }) => state)).toEqual([
      'broken',
      'unreachable',
      'missing',
      'loaded',
    ]);
    expect(settings.status.state).toBe('degraded');
    expect(settings.status.problem).toMatch(/broken\.yaml.*; .*away\.yaml/);
    expect(logger.lines.filter((line) => line.startsWith('warn'))).toHaveLength(2);
    // What was away is there later.
    await config.put('away.yaml', 'b: 2');
    await settled();
    expect(settings.value).toEqual({ a: 1, b: 2 });
  });

  it('the data ids of an application may be missing', async () => {
    const config = await aConfig({});
    const settings = await settingsOf(config, { application: { name: 'orders' } });
    expect(settings.value).toEqual({});
    expect(settings.status.state).toBe('ok');
    expect(config.reads).toEqual(['orders', 'orders.properties']);
    await config.put('orders.properties', 'a=1');
    await settled();
    expect(settings.value).toEqual({ a: '1' });
  });

  it('ends with the signal, or when the time is up', async () => {
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    config.gate = new Promise(() => undefined);
    const clock = createFakeClock();
    const abort = new AbortController();
    const options = { imports: ['nacos:app.yaml'], clock, timeoutMs: 1000 };
    const aborted = settingsOf(config, { ...options, signal: abort.signal });
    const late = settingsOf(config, options);
    const outcomes = Promise.allSettled([aborted, late]);
    abort.abort(new Error('enough'));
    await clock.advance(1600);
    expect(await outcomes).toMatchObject([
      { reason: { message: 'enough' } },
      { reason: { code: 'REQUEST_TIMEOUT' } },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('says that a content is the copy on disk', async () => {
    const config = await aConfig({});
    await config.put('app.yaml', 'a: 1', { source: 'snapshot' });
    const logger = aLog();
    const settings = await settingsOf(config, { logger, imports: ['nacos:app.yaml'] });
    expect(settings.status.sources[0]).toMatchObject({ from: 'snapshot', state: 'loaded' });
    expect(logger.lines.join()).toContain('is from the copy on disk, not from Nacos');
  });

  it.each<[object, string]>([
    [{ import: [] }, 'unknown option import (code): did you mean imports?'],
    [{ imports: 'nacos:a' }, 'imports = "nacos:a" (code): must be a list'],
    [{ schema: {} }, 'Standard Schema'],
    [{ timeoutMs: 0 }, 'timeoutMs = 0 (code)'],
    [{ imports: ['nacos:a', 'nacos:a'] }, 'is a source twice'],
    [{ shared: [{}] }, 'shared[0]'],
    [{ application: { name: 'a', extension: 'xml' } }, 'extension'],
    [{ defaults: { 'a..b': 1 } }, 'defaults (code): "a..b" is no key'],
    [{ config: {} }, 'config'],
  ])('wrong options: %j', async (options, said) => {
    const config = await aConfig({});
    const failure = await createSettings({ config: config.api, ...options }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name: 'ConfigError' });
    expect(String(failure)).toContain(said);
  });
});

describe('a change', () => {
  it('swaps the whole, names the changed keys, and freezes what it gives', async () => {
    const config = await aConfig({ 'app.yaml': 'a: {b: 1, c: 1}\nlist: [1, 2]\ngone: 1' });
    const settings = await settingsOf(config, { imports: ['nacos:app.yaml'] });
    const before = settings.value;
    const changes: SettingsChange<unknown>[] = [];
    settings.onChange((change) => void changes.push(change));
    await config.put('app.yaml', 'a: {b: 2, c: 1}\nlist: [1]\ncame: {x: 1}');
    await settled();
    expect(changes).toEqual([
      { keys: ['a.b', 'came.x', 'gone', 'list[1]'], previous: before, value: settings.value },
    ]);
    expect(settings.get('a.b')).toBe(2);
    expect(before).toEqual({ a: { b: 1, c: 1 }, list: [1, 2], gone: 1 });
    expect(Object.isFrozen(settings.value['a'])).toBe(true);
    expect(settings.status.history).toMatchObject([
      { source: APP, outcome: 'applied', changed: 4 },
    ]);
  });

  it('is told to those whose keys it concerns, and no failing listener stops the others', async () => {
    const config = await aConfig({ 'app.yaml': 'db: {pool: 1, host: h}\ndbx: 1' });
    const logger = aLog();
    const settings = await settingsOf(config, { logger, imports: ['nacos:app.yaml'] });
    const [all, db, pool, other, stopped] = Array.from({ length: 5 }, () => vi.fn());
    settings.onChange(() => {
      throw new Error('thrown');
    });
    settings.onChange(() => Promise.reject(new Error('rejected')));
    for (const [fn, keys] of [
      [all, []],
      [db, 'db'],
      [pool, 'db.pool'],
      [other, ['db.host', 'dbx']],
    ] as const) {
      settings.onChange(fn ?? vi.fn(), keys);
    }
    settings.onChange(stopped ?? vi.fn())();
    await config.put('app.yaml', 'db: {pool: 2, host: h}\ndbx: 1');
    await settled();
    expect(all).toHaveBeenCalledTimes(1);
    expect(db).toHaveBeenCalledTimes(1);
    expect(pool).toHaveBeenCalledTimes(1);
    expect(other).not.toHaveBeenCalled();
    expect(stopped).not.toHaveBeenCalled();
    expect(logger.lines.filter((line) => line.startsWith('error'))).toEqual([
      'error settings: a listener failed: thrown',
      'error settings: a listener failed: rejected',
    ]);
  });

  it('the same content again is none', async () => {
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    const settings = await settingsOf(config, { imports: ['nacos:app.yaml'] });
    const { value } = settings;
    await config.put('app.yaml', 'a: 1');
    await config.put('app.yaml', '# a comment\na: 1');
    await settled();
    expect(settings.value).toBe(value);
    expect(settings.status.history).toMatchObject([{ outcome: 'unchanged' }]);
  });

  it('does not come for a source without refresh, until a reload', async () => {
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    const settings = await settingsOf(config, { imports: ['nacos:app.yaml?refresh=false'] });
    expect(config.listeners()).toBe(0);
    await config.put('app.yaml', 'a: 2');
    await settled();
    expect(settings.get('a')).toBe(1);
    await settings.reload();
    expect(settings.get('a')).toBe(2);
    config.fail('app.yaml', away);
    await expect(settings.reload()).rejects.toMatchObject({ code: 'SETTINGS_UNREACHABLE' });
    expect(settings.get('a')).toBe(2);
    expect(settings.status.state).toBe('ok');
  });

  it('of a local file is seen', async () => {
    const cwd = await mkdtemp(path.join(tmpdir(), 'settings-'));
    onTestFinished(() => rm(cwd, { recursive: true }));
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    const clock = createFakeClock();
    const settings = await settingsOf(config, {
      imports: ['nacos:app.yaml'],
      local: 'app.local.yaml',
      cwd,
      clock,
    });
    expect(settings.get('a')).toBe(1);
    const changed = new Promise((resolve) => settings.onChange(resolve));
    await writeFile(path.join(cwd, 'app.local.yaml'), 'a: mine');
    await clock.advance(1000);
    await changed;
    expect(settings.get('a')).toBe('mine');
    expect(settings.explain()[0]?.source).toBe('file:app.local.yaml');
  });
});

describe('a bad push', () => {
  const schema = v.object({ port: v.pipe(v.number(), v.maxValue(65_535)), name: v.string() });

  it('keeps the last good settings; status, health and log say why; a good one ends that', async () => {
    const config = await aConfig({ 'app.yaml': 'port: 1\nname: n' });
    const logger = aLog();
    const settings = await settingsOf(config, { logger, schema, imports: ['nacos:app.yaml'] });
    const heard = vi.fn();
    settings.onChange(heard);
    const { value } = settings;
    for (const [content, said] of [
      ['port: [1', `${APP} is broken: not valid YAML at line 1`],
      ['port: 70000\nname: n', `${APP} was refused: port (${APP}): `],
      ['port: ${nobody}\nname: n', `${APP} was refused: port asks for nobody`],
    ] as const) {
      await config.put('app.yaml', content);
      await settled();
      expect(settings.value).toBe(value);
      expect(settings.status).toMatchObject({ state: 'degraded' });
      expect(settings.status.problem).toContain(said);
      expect(settingsHealth().find(({ name }) => name === APP)).toMatchObject({
        state: 'degraded',
        problem: settings.status.problem,
      });
      expect(logger.lines.at(-1)).toBe(
        `error settings: ${settings.status.problem ?? ''}; the last good settings stay`,
      );
    }
    await config.remove('app.yaml');
    await settled();
    expect(settings.value).toBe(value);
    expect(settings.status.sources[0]).toMatchObject({ state: 'missing' });
    expect(heard).not.toHaveBeenCalled();
    // Taken back: the very content that counts all the time.
    await config.put('app.yaml', 'port: 1\nname: n');
    await settled();
    expect(settings.status).toMatchObject({ state: 'ok', problem: undefined });
    await config.put('app.yaml', 'port: 2\nname: n');
    await settled();
    expect(settings.value).toEqual({ port: 2, name: 'n' });
    expect(settings.status.history.map(({ outcome }) => outcome)).toEqual([
      'applied',
      'unchanged',
      'refused',
      'refused',
      'refused',
      'refused',
    ]);
  });

  it('of one source does not hold up another one', async () => {
    const config = await aConfig({ 'a.yaml': 'port: 1', 'b.yaml': 'name: n' });
    const settings = await settingsOf(config, {
      schema,
      imports: ['nacos:a.yaml', 'nacos:b.yaml'],
    });
    await config.put('a.yaml', 'port: wrong');
    await settled();
    await config.put('b.yaml', 'name: m');
    await settled();
    expect(settings.value).toEqual({ port: 1, name: 'm' });
    expect(settings.status.state).toBe('degraded');
    await config.put('b.yaml', 'name: o\nport: 3');
    await settled();
    // Together they are right.
    expect(settings.value).toEqual({ port: 3, name: 'o' });
    expect(settings.status.state).toBe('ok');
  });

  it('that only another source made right is told again when that one goes, and forgotten with the next good one', async () => {
    const config = await aConfig({ 'a.yaml': 'port: 1\nname: n', 'b.yaml': 'x: 1' });
    const settings = await settingsOf(config, {
      schema,
      imports: ['nacos:a.yaml', 'optional:nacos:b.yaml'],
    });
    await config.put('a.yaml', 'port: wrong\nname: n');
    await config.put('b.yaml', 'port: 9');
    await settled();
    expect(settings.status.state).toBe('ok');
    await config.remove('b.yaml');
    await settled();
    expect(settings.value).toEqual({ port: 9, name: 'n' });
    expect(settings.status.problem).toContain('b.yaml?group=DEFAULT_GROUP was refused: port');
    await config.put('a.yaml', 'port: 4\nname: n');
    await settled();
    expect(settings.value).toEqual({ port: 4, name: 'n' });
    expect(settings.status).toMatchObject({ state: 'ok', problem: undefined });
    expect(settings.status.sources[1]).toMatchObject({ state: 'missing' });
  });

  it('what is optional goes when it is removed', async () => {
    const config = await aConfig({ 'a.yaml': 'a: 1', 'b.yaml': 'b: 1' });
    const settings = await settingsOf(config, {
      imports: ['nacos:a.yaml', 'optional:nacos:b.yaml'],
    });
    await config.remove('b.yaml');
    await settled();
    expect(settings.value).toEqual({ a: 1 });
    expect(settings.status.state).toBe('ok');
  });
});

describe('explain', () => {
  it('shows each key with its source, and no secret', async () => {
    const config = await aConfig({
      'app.yaml':
        'db: {user: u, password: hunter2, url: "postgres://u:hunter2@h/db"}\napi-key: hunter2\nplain: 1',
    });
    const settings = await settingsOf(config, { imports: ['nacos:app.yaml'], env: { PLAIN: '2' } });
    expect(settings.explain()).toEqual([
      { key: 'api-key', shown: '***', source: APP, hidden: [] },
      { key: 'db.password', shown: '***', source: APP, hidden: [] },
      { key: 'db.url', shown: 'postgres://***@h/db', source: APP, hidden: [] },
      { key: 'db.user', shown: 'u', source: APP, hidden: [] },
      { key: 'plain', shown: '2', source: 'env PLAIN', hidden: [APP] },
    ]);
    expect(settings.get('db.password')).toBe('hunter2');
  });
});

describe('the end', () => {
  it('follows nothing any more, keeps no timer, and what it had can still be read', async () => {
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    const clock = createFakeClock();
    const settings = await settingsOf(config, {
      imports: ['nacos:app.yaml'],
      local: 'none.yaml',
      clock,
    });
    expect(clock.holding).toBe(0);
    expect(config.listeners()).toBe(1);
    const heard = vi.fn();
    settings.onChange(heard);
    const pushed = config.put('app.yaml', 'a: 2');
    await settings.close();
    await settings.close();
    await pushed;
    await settled();
    expect(config.listeners()).toBe(0);
    expect(clock.pending).toBe(0);
    expect(heard).not.toHaveBeenCalled();
    expect(settings.status.state).toBe('closed');
    expect(settings.get('a')).toBe(1);
    expect(settingsHealth()).toEqual([]);
    await expect(settings.reload()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('comes by itself with `await using`', async () => {
    const config = await aConfig({ 'app.yaml': 'a: 1' });
    {
      await using settings = await createSettings({
        config: config.api,
        imports: ['nacos:app.yaml'],
        logger: aLog(),
      });
      expect(settings.get('a')).toBe(1);
    }
    expect(config.listeners()).toBe(0);
  });
});
