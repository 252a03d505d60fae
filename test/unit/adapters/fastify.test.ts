/** What the Fastify plugin does with an instance of Fastify 4 and 5, without listening. */
import fastify5 from 'fastify';
import fastify4 from 'fastify-4';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { nacosServing } from '../../../src/adapters/fastify.js';
import { registration, script } from './scripted-explicit.js';

vi.mock('../../../src/adapters/explicit.js', async () => {
  return (await import('./scripted-explicit.js')).explicit;
});
vi.mock('../../../src/adapters/health-answer.js', async () => {
  return (await import('./scripted-explicit.js')).health;
});

/** Fastify 4 under the types of 5, which test/types proves to fit as well. */
const VERSIONS: readonly [version: string, make: typeof fastify5][] = [
  ['4', fastify4 as unknown as typeof fastify5],
  ['5', fastify5],
];

beforeEach(() => script.reset());

describe.each(VERSIONS)('the plugin in Fastify %s', (_, make) => {
  it('registers the server of the instance, with options of ours alone', async () => {
    await using app = make();
    await app.register(nacosServing, {
      prefix: '/of-fastify',
      logLevel: 'warn',
      service: { name: 'orders' },
    });
    expect(script.registered).toEqual([
      { server: app.server, options: { service: { name: 'orders' } } },
    ]);
    expect(script.registered[0]?.server).toBe(app.server);
    expect(app.nacos).toBe(registration);
  });

  it('registers once when it is there twice, and both scopes reach the registration', async () => {
    await using app = make();
    let inScope: unknown;
    await app.register(async (scope) => {
      await scope.register(nacosServing, {});
      inScope = scope.nacos;
    });
    await app.register(nacosServing, {});
    await app.register(nacosServing, {});
    await app.ready();
    expect(script.registered).toHaveLength(1);
    expect(inScope).toBe(registration);
    expect(app.nacos).toBe(registration);
  });

  it('adds no route without a health path', async () => {
    await using app = make();
    await app.register(nacosServing, {});
    expect((await app.inject('/health')).statusCode).toBe(404);
  });

  it('answers the health path by the readiness', async () => {
    await using app = make();
    await app.register(nacosServing, { health: { path: '/health' } });
    const ready = await app.inject('/health');
    expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true }]);
    expect(ready.headers['cache-control']).toBe('no-store');
    script.ready = false;
    expect((await app.inject('/health')).statusCode).toBe(503);
    expect((await app.inject({ method: 'HEAD', url: '/health' })).statusCode).toBe(503);
  });

  it('has left before the hooks of closing are called', async () => {
    const app = make();
    app.addHook('preClose', async () => void script.said.push('preClose'));
    app.addHook('onClose', async () => void script.said.push('onClose'));
    await app.register(nacosServing, {});
    await app.ready();
    await app.close();
    expect(script.said).toEqual(['leaving', 'left', 'preClose', 'onClose']);
  });

  it('makes register reject when an option is wrong', async () => {
    const app = make();
    const { explicit } = await import('./scripted-explicit.js');
    const refuse = vi.spyOn(explicit, 'registerServer').mockImplementation(() => {
      throw new Error('weight = x');
    });
    await expect(app.register(nacosServing, {})).rejects.toThrow('weight = x');
    refuse.mockRestore();
  });
});
