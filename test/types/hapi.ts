/** Owns the proof, by the compiler alone, that the plugin fits hapi and that what it exposes is known by its type. */
import hapi from '@hapi/hapi';

import { nacosServing, type ServerRegistration } from '../../src/adapters/hapi.js';

export async function use(): Promise<ServerRegistration> {
  const server = hapi.server({ port: 0 });
  await server.register(nacosServing);
  await server.register({ plugin: nacosServing, options: { service: { name: 'orders' } } });
  await server.register([{ plugin: nacosServing, options: { health: { path: '/health' } } }]);
  // @ts-expect-error a path is a text
  await server.register({ plugin: nacosServing, options: { health: { path: 1 } } });
  return server.plugins['nacos-serving'].registration;
}
