/** Owns a connection of the transport to a scripted server, with a clock that moves by hand; both end with the test. */
import { afterEach } from 'vitest';

import { createHttp2Transport } from '../../src/remote/http2-transport.js';
import type { Connection, Endpoint } from '../../src/remote/transport.js';
import type { Payload } from '../../src/wire/payload.js';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.js';
import { startScripted, type Script, type ScriptedServer } from '../helpers/scripted-http2.js';

export const BOUNDS = { timeoutMs: 3000, holdsProcess: true };
const cleanups: (() => unknown)[] = [];

// Registered for each file that imports this one.
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

export function aMessage(body: string | Uint8Array = '{}', type = 'AskRequest'): Payload {
  return { type, headers: { a: '1' }, clientIp: '10.0.0.1', body: Buffer.from(body) };
}

export interface Joined {
  readonly connection: Connection;
  readonly clock: FakeClock;
  /** Reasons that `onEnd` was told. */
  readonly ends: readonly Error[];
}

export interface Setup extends Joined {
  readonly server: ScriptedServer;
}

/** A connection to whatever listens there. */
export async function join(endpoint: Endpoint): Promise<Joined> {
  const clock = createFakeClock();
  const connection = await createHttp2Transport(clock).connect(endpoint, {
    timeoutMs: 3000,
    signal: new AbortController().signal,
  });
  atEnd(() => connection.close());
  const ends: Error[] = [];
  connection.onEnd((reason) => ends.push(reason));
  return { connection, clock, ends };
}

export async function setUp(script: Script = {}): Promise<Setup> {
  const server = await startScripted(script);
  atEnd(() => server[Symbol.asyncDispose]());
  return { server, ...(await join(server.endpoint)) };
}
