/** Owns the certificates of test/fixtures/tls/nacos, and servers and clients with them, which end with the test. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach } from 'vitest';

import {
  startDevServer,
  type DevServer,
  type DevServerOptions,
} from '../../src/dev-server/index.js';
import { createClient, type ClientOptions, type NacosClient } from '../../src/index.js';
import { createLogger } from '../../src/logger.js';

export const TLS_FOLDER = path.join(import.meta.dirname, '..', 'fixtures', 'tls', 'nacos');
export const tlsFile = (name: string): string => path.join(TLS_FOLDER, name);
export const pem = (name: string): string => readFileSync(tlsFile(name), 'utf8');

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** Ends with the test. */
export function keep<T extends AsyncDisposable>(one: T): T {
  open.push(one);
  return one;
}

/** With the certificate of that name. */
export async function tlsServer(
  name: string,
  options: Omit<DevServerOptions, 'tls'> & {
    readonly https?: boolean;
    readonly mutual?: boolean;
  } = {},
): Promise<DevServer> {
  const { https, mutual, ...others } = options;
  const tls = {
    cert: pem(`${name}.crt`),
    key: pem(`${name}.key`),
    ...(https === undefined ? {} : { https }),
    ...(mutual === true ? { clientCa: pem('ca.crt') } : {}),
  };
  return keep(await startDevServer({ ...others, tls }));
}

export interface LoggedClient {
  readonly client: NacosClient;
  readonly log: readonly string[];
}

export function loggedClient(options: ClientOptions): LoggedClient {
  const log: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(line) });
  return { client: keep(createClient({ logger, ...options })), log };
}

export const INSTANCE = { ip: '10.0.0.5', port: 8080 };
