/** What the hapi plugin does with a server, without listening. */
import hapi from '@hapi/hapi';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { nacosServing } from '../../../src/adapters/hapi.js';
import { registration, script } from './scripted-explicit.js';

vi.mock('../../../src/adapters/explicit.js', async () => {
  return (await import('./scripted-explicit.js')).explicit;
});
vi.mock('../../../src/adapters/health-answer.js', async () => {
  return (await import('./scripted-explicit.js')).health;
});

beforeEach(() => script.reset());

describe('the plugin in hapi', () => {
  it('registers the listener once, however often it is there, and shows the registration', async () => {
    const server = hapi.server();
    await server.register({ plugin: nacosServing, options: { service: { name: 'orders' } } });
    await server.register(nacosServing);
    expect(script.registered).toHaveLength(1);
    expect(script.registered[0]?.server).toBe(server.listener);
    expect(script.registered[0]?.options).toEqual({ service: { name: 'orders' } });
    expect(server.plugins['nacos-serving'].registration).toBe(registration);
  });

  it('answers the health path by the readiness, also where everything else asks for a login', async () => {
    const server = hapi.server();
    server.auth.scheme('never', () => ({
      authenticate: () => {
        throw new Error('no login');
      },
    }));
    server.auth.strategy('default', 'never');
    server.auth.default('default');
    await server.register({ plugin: nacosServing, options: { health: { path: '/health' } } });
    expect((await server.inject('/health')).statusCode).toBe(200);
    script.ready = false;
    const { statusCode, payload, headers } = await server.inject('/health');
    expect([statusCode, payload]).toEqual([503, '{"ready":false}']);
    expect(headers['content-type']).toMatch(/^application\/json/);
  });

  it('has left before the server stops, and before the steps of plugins after it', async () => {
    const server = hapi.server();
    await server.register(nacosServing);
    server.ext('onPreStop', () => void script.said.push('onPreStop'));
    server.ext('onPostStop', () => void script.said.push('onPostStop'));
    await server.initialize();
    await server.stop();
    expect(script.said).toEqual(['leaving', 'left', 'onPreStop', 'onPostStop']);
  });
});
