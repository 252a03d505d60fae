/** Owns the proof, by the compiler alone, that every server of Node can be registered by code. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';

import { registerServer } from '../../src/adapters/explicit.js';

export async function use(): Promise<string | undefined> {
  await using one = registerServer(createServer().listen(0), { service: { name: 'orders' } });
  registerServer(createHttpsServer({}));
  registerServer(createHttp2Server());
  registerServer(createSecureServer({}));
  // @ts-expect-error not a server
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- that is the point
  registerServer({});
  one.setReady(true);
  await one.change({ weight: 2, metadata: { version: '2', old: null } });
  return (await one.registered({ timeoutMs: 5000 })).state;
}
