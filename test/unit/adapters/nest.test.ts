/** What the Nest module does with an application of Nest 11 that does not listen. Nest 12 is in test/process/adapters.test.ts. */
/* eslint-disable @typescript-eslint/no-extraneous-class, @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's modules are empty classes, and nobody makes an instance of its classes of options */
import 'reflect-metadata';

import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { NacosServing, NacosServingModule } from '../../../src/adapters/nest.js';
import { script } from './scripted-explicit.js';

vi.mock('../../../src/adapters/explicit.js', async () => {
  return (await import('./scripted-explicit.js')).explicit;
});

/** A provider that says when its hooks are called. */
function hooks(name: string): { provide: string; useValue: object } {
  return {
    provide: name,
    useValue: {
      onModuleDestroy: () => void script.said.push(`${name} destroyed`),
      beforeApplicationShutdown: () => void script.said.push(`${name} before shutdown`),
    },
  };
}

class GlobalModule {}
class InnerModule {}
class AppModule {}

/** The module sits deep, beside modules of every distance. */
function appWith(nacos: DynamicModule): Type {
  Module({ imports: [nacos], providers: [hooks('inner')] })(InnerModule);
  const last: DynamicModule = { module: GlobalModule, global: true, providers: [hooks('global')] };
  Module({ imports: [InnerModule, last], providers: [hooks('root')] })(AppModule);
  return AppModule;
}

beforeEach(() => script.reset());

const PLATFORMS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const;

describe.each(PLATFORMS)('the module in Nest on %s', (_, makeAdapter) => {
  it('registers the server of the application with the options of forRoot', async () => {
    const root = appWith(NacosServingModule.forRoot({ service: { name: 'orders' }, global: true }));
    const app = await NestFactory.create(root, makeAdapter(), { logger: false });
    expect(script.registered).toEqual([]);
    await app.init();
    expect(script.registered).toHaveLength(1);
    expect(script.registered[0]?.server).toBe(app.getHttpServer());
    expect(script.registered[0]?.options).toEqual({ service: { name: 'orders' } });
    await app.close();
  });

  it.each([true, false])('leaves before anything is destroyed (global: %s)', async (global) => {
    const root = appWith(NacosServingModule.forRoot({ global }));
    const app = await NestFactory.create(root, makeAdapter(), { logger: false });
    await app.init();
    await app.close();
    expect(script.said).toEqual([
      'leaving',
      'left',
      'root destroyed',
      'inner destroyed',
      'global destroyed',
      'root before shutdown',
      'inner before shutdown',
      'global before shutdown',
    ]);
  });

  it('leaves before an adapter that is asked before it closes', async () => {
    const adapter = makeAdapter();
    Object.assign(adapter, { beforeClose: () => void script.said.push('asked') });
    const app = await NestFactory.create(appWith(NacosServingModule.forRoot()), adapter, {
      logger: false,
    });
    await app.init();
    await Reflect.apply(Reflect.get(adapter, 'beforeClose') as () => Promise<void>, adapter, []);
    expect(script.said).toEqual(['leaving', 'left', 'asked']);
    await app.close();
  });
});

describe('the module in Nest', () => {
  it('takes options from a factory with what it asks for', async () => {
    class Settings {
      readonly name = 'orders';
    }
    class SettingsModule {}
    Module({ providers: [Settings], exports: [Settings] })(SettingsModule);
    const nacos = NacosServingModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async ({ name }: Settings) => ({ service: { name } }),
    });
    const app = await NestFactory.create(appWith(nacos), { logger: false });
    await app.init();
    expect(script.registered[0]?.options).toEqual({ service: { name: 'orders' } });
    await app.close();
  });

  it('keeps what was said of the readiness before there is a server', async () => {
    const root = appWith(NacosServingModule.forRoot());
    const app = await NestFactory.create(root, { logger: false });
    const nacos = app.get(NacosServing, { strict: false });
    nacos.setReady(false);
    expect(nacos.status).toBeUndefined();
    await expect(nacos.registered()).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
    await app.init();
    nacos.setReady(true);
    expect(script.said).toEqual(['ready false', 'ready true']);
    await app.close();
  });

  it('registers nothing in an application without HTTP', async () => {
    const root = appWith(NacosServingModule.forRoot());
    const context = await NestFactory.createApplicationContext(root, { logger: false });
    await context.close();
    expect(script.registered).toEqual([]);
    expect(script.said).not.toContain('leaving');
  });

  it('does not start with an option that is wrong', async () => {
    const { explicit } = await import('./scripted-explicit.js');
    const refuse = vi.spyOn(explicit, 'registerServer').mockImplementation(() => {
      throw new Error('weight = x');
    });
    const root = appWith(NacosServingModule.forRoot());
    const app = await NestFactory.create(root, { logger: false, abortOnError: false });
    await expect(app.init()).rejects.toThrow('weight = x');
    refuse.mockRestore();
  });
});
