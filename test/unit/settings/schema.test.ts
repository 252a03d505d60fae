/** The user's schema, by valibot, zod and arktype alike: what it gives, what it infers, and what it refuses. */
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import type { SettingsSchema } from '../../../src/settings/schema.js';
import { aConfig, settingsOf } from './settings-fixture.js';

interface App {
  port: number;
  db: { host: string; pool?: number | undefined; password: string };
  flags: { beta: boolean };
}

const SCHEMAS: readonly (readonly [string, SettingsSchema<unknown, App>])[] = [
  [
    'valibot',
    v.object({
      port: v.number(),
      db: v.object({
        host: v.string(),
        pool: v.optional(v.number()),
        password: v.pipe(v.string(), v.minLength(8)),
      }),
      flags: v.object({ beta: v.boolean() }),
    }),
  ],
  [
    'zod',
    z.object({
      port: z.number(),
      db: z.object({ host: z.string(), pool: z.number().optional(), password: z.string().min(8) }),
      flags: z.object({ beta: z.boolean() }),
    }),
  ],
  [
    'arktype',
    type({
      port: 'number',
      db: { host: 'string', 'pool?': 'number', password: 'string >= 8' },
      flags: { beta: 'boolean' },
    }),
  ],
];

describe.each(SCHEMAS)('a schema of %s', (_, schema) => {
  it('types the settings', async () => {
    const config = await aConfig({
      'app.yaml': 'port: 80\ndb: {host: h, pool: 5, password: longenough}\nflags: {beta: true}',
    });
    const settings = await settingsOf(config, { schema, imports: ['nacos:app.yaml'] });
    expect(settings.value).toEqual({
      port: 80,
      db: { host: 'h', pool: 5, password: 'longenough' },
      flags: { beta: true },
    });
    expectTypeOf(settings.value).toEqualTypeOf<App>();
    expectTypeOf(settings.get('db.host')).toEqualTypeOf<string>();
    expectTypeOf(settings.get('db.pool')).toEqualTypeOf<number | undefined>();
    expectTypeOf(settings.get('no.such.key')).toEqualTypeOf<unknown>();
    expect(settings.get('db.pool')).toBe(5);
  });

  it('turns texts of properties, variables and placeholders into what it asks for', async () => {
    const config = await aConfig({
      'app.properties': 'port=80\ndb.host=10\ndb.password=12345678\nflags.beta=true',
      'more.yaml': 'db: {pool: "${POOL:7}"}',
    });
    const settings = await settingsOf(config, {
      schema,
      imports: ['nacos:app.properties', 'nacos:more.yaml'],
      env: { PORT: '81' },
    });
    expect(settings.value).toEqual({
      port: 81,
      db: { host: '10', pool: 7, password: '12345678' },
      flags: { beta: true },
    });
  });

  it('refuses with key and source, and without secrets', async () => {
    const config = await aConfig({
      'app.yaml': 'port: "80"\ndb: {host: h, password: hunter2}\nflags: {beta: 1}',
    });
    const failure = await settingsOf(config, { schema, imports: ['nacos:app.yaml'] }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'SETTINGS_INVALID' });
    const text = String(failure);
    const source = 'nacos:app.yaml?group=DEFAULT_GROUP';
    // A text of YAML is one because somebody wrote quotes.
    expect(text).toContain(`port (${source}): `);
    expect(text).toContain(`db.password (${source}): not what the schema allows`);
    expect(text).toContain(`flags.beta (${source}): `);
    expect(text).not.toContain('hunter2');
  });
});

describe('schemas', () => {
  it('the types of each library are inferred', async () => {
    const config = await aConfig({ 'a.yaml': 'n: 1' });
    const imports = ['nacos:a.yaml'];
    const byValibot = await settingsOf(config, { imports, schema: v.object({ n: v.number() }) });
    const byZod = await settingsOf(config, { imports, schema: z.object({ n: z.number() }) });
    const byArktype = await settingsOf(config, { imports, schema: type({ n: 'number' }) });
    expectTypeOf(byValibot.value.n).toEqualTypeOf<number>();
    expectTypeOf(byZod.value.n).toEqualTypeOf<number>();
    expectTypeOf(byArktype.value.n).toEqualTypeOf<number>();
    expect([byValibot.value.n, byZod.value.n, byArktype.value.n]).toEqual([1, 1, 1]);
  });

  it('may give other things than they take, and may take their time', async () => {
    const config = await aConfig({ 'a.yaml': 'at: 2026-01-02\nn: 1' });
    const schema = z
      .object({ at: z.string().transform((text) => new Date(text)), n: z.number().default(3) })
      .refine(() => Promise.resolve(true));
    const settings = await settingsOf(config, { imports: ['nacos:a.yaml'], schema });
    expect(settings.value.at).toEqual(new Date('2026-01-02'));
    expectTypeOf(settings.value.at).toEqualTypeOf<Date>();
    expect(Object.isFrozen(settings.value.at)).toBe(false);
  });

  it('that throw are a problem like any other, and change nothing of what they are given', async () => {
    const config = await aConfig({ 'a.yaml': 'a: {n: 1}' });
    const throwing: SettingsSchema<unknown, object> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate() {
          throw new TypeError('hunter2');
        },
      },
    };
    await expect(
      settingsOf(config, { imports: ['nacos:a.yaml'], schema: throwing }),
    ).rejects.toThrow('the schema failed: TypeError');
    const changing: SettingsSchema<unknown, object> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate(value) {
          const given = value as { a: { n: number } };
          given.a.n = 2;
          return { value: given };
        },
      },
    };
    const settings = await settingsOf(config, { imports: ['nacos:a.yaml'], schema: changing });
    expect(settings.value).toEqual({ a: { n: 2 } });
    expect(settings.explain()[0]?.shown).toBe('1');
  });
});
