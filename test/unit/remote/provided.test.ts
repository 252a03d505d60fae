/** Credentials of a provider: when it is asked, how long what it gave is used, and what happens when it fails. */
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { createLogger, silentLogger } from '../../../src/logger.js';
import { combineCredentials } from '../../../src/remote/auth/combined.js';
import type { ProvidedCredentials } from '../../../src/remote/auth/credentials.js';
import { ProvidedCredentialsStore } from '../../../src/remote/auth/provided.js';
import { readStsDocument, stsFromUrl } from '../../../src/remote/auth/sources.js';
import { TlsMaterial } from '../../../src/remote/tls-material.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { outcomeOf } from '../../helpers/session-fixture.js';

const SCOPE = { module: 'naming', namespace: 'public', group: 'g', name: 'orders' } as const;
const BOUNDS = { timeoutMs: 20_000 };
const MINUTE_MS = 60_000;

type Answer = ProvidedCredentials | Error | 'silent';

function setUp(answer: (count: number, wallMs: number) => Answer) {
  const clock = createFakeClock();
  const log: string[] = [];
  let count = 0;
  const store = new ProvidedCredentialsStore({
    provider: {
      provide() {
        count += 1;
        const given = answer(count, clock.wallMs());
        if (given instanceof Error) throw given;
        return given === 'silent' ? new Promise(() => undefined) : given;
      },
    },
    name: 'the vault',
    region: undefined,
    clock,
    logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
  });
  return { clock, log, store, asked: () => count };
}

const header = (value: string, more: object = {}): ProvidedCredentials => ({
  headers: { accessToken: value },
  ...more,
});

describe('credentials of a provider', () => {
  it('are asked for at the first request, once for all who wait', async () => {
    const { store, asked } = setUp((n) => header(`t${String(n)}`));
    expect(store.current(SCOPE)).toBeUndefined();
    const both = await Promise.all([store.obtain(SCOPE, BOUNDS), store.obtain(SCOPE, BOUNDS)]);
    expect(both).toEqual([{ accessToken: 't1' }, { accessToken: 't1' }]);
    expect(asked()).toBe(1);
  });

  it('are renewed in the background 3 min before their end, while the old ones serve', async () => {
    const { store, clock, asked } = setUp((n, wallMs) =>
      header(`t${String(n)}`, { expiresAtMs: wallMs + 10 * MINUTE_MS }),
    );
    await store.obtain(SCOPE, BOUNDS);
    await clock.advance(7 * MINUTE_MS - 1);
    expect(store.current(SCOPE)).toEqual({ accessToken: 't1' });
    await settle();
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(store.current(SCOPE)).toEqual({ accessToken: 't1' });
    await settle();
    expect(store.current(SCOPE)).toEqual({ accessToken: 't2' });
  });

  it('of a short life are renewed after half of it', async () => {
    const { store, clock, asked } = setUp((_, wallMs) =>
      header('t', { expiresAtMs: wallMs + 1000 }),
    );
    await store.obtain(SCOPE, BOUNDS);
    await clock.advance(500);
    store.current(SCOPE);
    await settle();
    expect(asked()).toBe(2);
  });

  it('serve to their end when they cannot be renewed, which is tried every 5 s at most', async () => {
    const { store, clock, asked, log } = setUp((n, wallMs) =>
      n === 1
        ? header('t1', { expiresAtMs: wallMs + 10 * MINUTE_MS })
        : new Error('vault is sealed'),
    );
    await store.obtain(SCOPE, BOUNDS);
    await clock.advance(8 * MINUTE_MS);
    for (let count = 1; count <= 10; count += 1) {
      expect(store.current(SCOPE)).toEqual({ accessToken: 't1' });
      await clock.advance(1000);
    }
    expect(asked()).toBe(3);
    expect(log.join('')).not.toMatch(/ (warn|error) /);
    await clock.advance(2 * MINUTE_MS);
    expect(store.current(SCOPE)).toBeUndefined();
    await expect(store.obtain(SCOPE, BOUNDS)).rejects.toMatchObject({
      code: 'CREDENTIALS_UNAVAILABLE',
      retryable: true,
      message: 'the vault cannot be had: vault is sealed',
    });
    await expect(store.obtain(SCOPE, BOUNDS)).rejects.toThrow('vault is sealed');
    expect(log.filter((line) => line.includes(' error '))).toHaveLength(1);
  });

  it('that do not come are given up after 5 s, and asked for by the next request', async () => {
    const { store, clock } = setUp((n) => (n === 1 ? 'silent' : header('t2')));
    const first = outcomeOf(store.obtain(SCOPE, BOUNDS));
    await clock.advance(5000);
    expect(first.error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(await store.obtain(SCOPE, BOUNDS)).toEqual({ accessToken: 't2' });
  });

  it('that are refused are asked for anew, but not those just given', async () => {
    const { store, clock } = setUp((n) => header(`t${String(n)}`));
    const first = await store.obtain(SCOPE, BOUNDS);
    expect(store.refuse(first)).toBe(false);
    await clock.advance(1000);
    expect(store.refuse(first)).toBe(true);
    expect(store.current(SCOPE)).toBeUndefined();
    const second = await store.obtain(SCOPE, BOUNDS);
    expect(store.refuse(first)).toBe(true);
    expect(store.current(SCOPE)).toEqual(second);
  });

  it('sign each request for what it is about and when it is sent', async () => {
    const { store, clock } = setUp(() => ({ accessKeyId: 'ak', accessKeySecret: 'sk' }));
    const first = await store.obtain(SCOPE, BOUNDS);
    await clock.advance(5);
    const second = store.current({ ...SCOPE, name: 'bills' });
    expect(first['data']).toBe(`${String(clock.wallMs() - 5)}@@g@@orders`);
    expect(second?.['data']).toBe(`${String(clock.wallMs())}@@g@@bills`);
  });

  it('may make headers for each request', async () => {
    const { store } = setUp(() => ({
      headers: ({ module, name }) => ({ sig: `${module}:${name}` }),
    }));
    expect(await store.obtain(SCOPE, BOUNDS)).toEqual({ sig: 'naming:orders' });
  });

  it.each([
    [{}, 'neither access keys nor headers'],
    [{ accessKeyId: 'ak' }, 'neither access keys nor headers'],
    [{ headers: null }, 'neither access keys nor headers'],
    [{ headers: { a: 5 } }, 'a header is no text'],
    [{ headers: { a: 'b' }, expiresAtMs: 5 }, 'ended already'],
    [{ headers: { a: 'b' }, expiresAtMs: Number.NaN }, 'ended already'],
    [undefined, 'neither access keys nor headers'],
  ])('of no use are told: %j', async (given, text) => {
    const { store } = setUp(() => given as ProvidedCredentials);
    await expect(store.obtain(SCOPE, BOUNDS)).rejects.toThrow(text);
  });
});

describe('several credentials', () => {
  it('are joined, and a refusal goes to each', async () => {
    const one = setUp((n) => header(`t${String(n)}`));
    const two = setUp(() => ({ headers: { sig: 's' } }));
    const both = combineCredentials([one.store, two.store]);
    const headers = await both?.obtain(SCOPE, BOUNDS);
    expect(headers).toEqual({ accessToken: 't1', sig: 's' });
    await one.clock.advance(1000);
    expect(both?.refuse(headers ?? {})).toBe(true);
    expect(both?.current(SCOPE)).toBeUndefined();
    expect(await both?.obtain(SCOPE, BOUNDS)).toEqual({ accessToken: 't2', sig: 's' });
  });
});

describe('a document of STS', () => {
  it('has a URL that is not shown when it is none', async () => {
    const tls = new TlsMaterial({}, silentLogger);
    const { provider } = stsFromUrl('http://sts.local:99999/?token=hunter2', tls);
    const asked = Promise.resolve(provider.provide({ signal: new AbortController().signal }));
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(inspect(error, { depth: null })).not.toContain('hunter2');
  });

  const GOOD = {
    AccessKeyId: 'STS.ak',
    AccessKeySecret: 'hunter2',
    SecurityToken: 'token-hunter2',
    Expiration: '2026-12-01T00:00:00Z',
    LastUpdated: '2026-11-30T18:00:00Z',
    Code: 'Success',
  };

  it('gives keys with their end', () => {
    expect(readStsDocument(JSON.stringify(GOOD), 'it')).toEqual({
      accessKeyId: 'STS.ak',
      accessKeySecret: 'hunter2',
      securityToken: 'token-hunter2',
      expiresAtMs: Date.UTC(2026, 11, 1),
    });
    const numeric = { ...GOOD, Expiration: 5, Code: undefined };
    expect(readStsDocument(JSON.stringify(numeric), 'it').expiresAtMs).toBe(5);
  });

  it.each([
    ['{"AccessKeySecret": "hunter2"', 'no JSON'],
    ['"hunter2"', 'no JSON object'],
    [JSON.stringify({ ...GOOD, Code: 'hunter2' }), 'Code is not Success'],
    [JSON.stringify({ ...GOOD, AccessKeyId: '' }), 'no AccessKeyId'],
    [JSON.stringify({ ...GOOD, AccessKeySecret: 7 }), 'no AccessKeySecret'],
    [JSON.stringify({ ...GOOD, SecurityToken: undefined }), 'no SecurityToken'],
    [JSON.stringify({ ...GOOD, Expiration: 'hunter2' }), 'Expiration is no time'],
  ])('that is none is told without being quoted: %s', (text, why) => {
    const read = (): unknown => readStsDocument(text, 'it');
    expect(read).toThrow(expect.objectContaining({ code: 'CREDENTIALS_UNAVAILABLE' }));
    expect(read).toThrow(why);
    expect(read).not.toThrow(/hunter2/);
  });
});
