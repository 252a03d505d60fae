/**
 * Owns the proof, by the compiler alone, that the plugin fits every kind of Fastify server and that the decoration is known by its
 * type. Compiled against Fastify 5, and by fastify-4/tsconfig.json against Fastify 4.
 */
import Fastify, { type FastifyInstance } from 'fastify';

import { nacosServing, type ServerRegistration } from '../../src/adapters/fastify.js';

export async function use(): Promise<ServerRegistration> {
  const app = Fastify({ logger: true });
  await app.register(nacosServing);
  await app.register(nacosServing, { service: { name: 'orders' }, health: { path: '/health' } });
  await app.register(nacosServing, { prefix: '/internal', health: { path: '/health' } });
  void app.register(nacosServing, () => ({ service: { name: 'orders' } }));
  await Fastify({ https: { key: '', cert: '' } }).register(nacosServing, {});
  await Fastify({ http2: true }).register(nacosServing, { service: { weight: 2 } });
  await Fastify({ http2: true, https: { key: '', cert: '' } }).register(nacosServing);
  // @ts-expect-error a weight is a number
  await app.register(nacosServing, { service: { weight: '2' } });
  return app.nacos;
}

export async function plugin(app: FastifyInstance): Promise<void> {
  await app.register(nacosServing, { health: { path: '/health' } });
  app.nacos.setReady(true);
}
