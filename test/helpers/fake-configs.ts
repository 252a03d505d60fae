/**
 * Owns the configs of a scripted server, and a config client on it: what is stored, who listens over which connection, and notices that are sent when
 * the test says so. It compares sums as servers do, and serves what it has at once.
 */
import { createHash } from 'node:crypto';

import { ConfigClient, type ConfigClientOptions } from '../../src/config/config-client.js';
import type { HttpGet } from '../../src/config/http-get.js';
import { failureBody } from '../../src/wire/messages/common.js';
import { readObjects, readString, type JsonObject } from '../../src/wire/json.js';
import { settle } from './fake-clock.js';
import type { FakeConnection, FakeServer } from './fake-transport.js';
import { aSession, type SessionFixture } from './session-fixture.js';

export const LISTEN = 'ConfigBatchListenRequest';
export const QUERY = 'ConfigQueryRequest';
export const PUBLISH = 'ConfigPublishRequest';
const NOTIFY = 'ConfigChangeNotifyRequest';

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

export class FakeConfigs {
  readonly contents = new Map<string, string>();
  readonly #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
    server.answers.set(QUERY, ({ body }) => {
      const content = this.contents.get(readString(body, 'dataId'));
      return content === undefined
        ? { body: failureBody(300, 'config data not exist') }
        : { body: server.success({ content, contentType: 'text', md5: 'of the server' }) };
    });
    server.answers.set(LISTEN, ({ body }) => {
      if (body['listen'] !== true) return { body: server.success({ changedConfigs: [] }) };
      const changedConfigs = readObjects(body, 'configListenContexts').filter((context) => {
        const content = this.contents.get(readString(context, 'dataId'));
        return readString(context, 'md5') !== (content === undefined ? '' : md5(content));
      });
      return { body: server.success({ changedConfigs }) };
    });
  }

  put(dataId: string, content: string): void {
    this.contents.set(dataId, content);
  }

  notify(dataId: string, more: JsonObject = {}): void {
    const body = { requestId: '7', dataId, group: 'DEFAULT_GROUP', ...more };
    this.#server.last.push(NOTIFY, body);
  }
}

export interface ConfigFixture extends SessionFixture {
  readonly config: ConfigClient;
  readonly configs: FakeConfigs;
}

/** Connected, unless `hosts` cannot be reached. */
export async function aConfigClient(
  options: Partial<ConfigClientOptions> = {},
  prepare: (server: FakeServer) => void = () => undefined,
): Promise<ConfigFixture> {
  const fixture = aSession(['a', 'b']);
  const configs = new FakeConfigs(fixture.server);
  prepare(fixture.server);
  const noHttp: HttpGet = () => Promise.reject(new TypeError('no HTTP here'));
  const config = new ConfigClient({
    ...fixture,
    namespace: 'public',
    appName: 'tests',
    requestTimeoutMs: 3000,
    get: noHttp,
    ...options,
  });
  fixture.session.start();
  await settle();
  return { ...fixture, config, configs };
}

/** The contexts of each listen request of a connection: data id and sum. */
export function listened(connection: FakeConnection): readonly (readonly string[])[] {
  return connection.unarySent
    .filter(({ type, body }) => type === LISTEN && body['listen'] === true)
    .map(({ body }) =>
      readObjects(body, 'configListenContexts').map(
        (context) => `${readString(context, 'dataId')} ${readString(context, 'md5')}`,
      ),
    );
}
