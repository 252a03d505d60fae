/**
 * Owns which Nacos servers there are: a list that is given, or one that an address server keeps and that is looked at again and again. Shared by
 * the sessions and the HTTP calls of one client, which hear of changes. A list that cannot be had, or is empty, changes nothing: the last good
 * one stays. Source: docs/protocol.md#server-list (Nacos `EndpointServerListProvider`).
 */
import { ConfigError, ConnectionError, ProtocolError } from '../errors.js';
import type { Logger } from '../logger.js';
import { readServerList, serverText, type ServerAddress } from '../options/server-list.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { httpCall, type HttpTarget } from './http-call.js';
import type { TlsMaterial } from './tls-material.js';
import type { Endpoint } from './transport.js';

export interface ServerSource {
  /** Of now; empty until an address server has answered for the first time. */
  readonly list: readonly Endpoint[];
  /** Where the list comes from, for lines that people read. */
  readonly where: string;
  /** Resolves when the list is there. @throws ConnectionError, RequestTimeoutError, ProtocolError, the signal's reason */
  load(signal: AbortSignal): Promise<void>;
  /** Returns the function which stops that. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** @throws ConfigError INVALID_OPTION for an empty list */
export function fixedServers(list: readonly Endpoint[]): ServerSource {
  if (list.length === 0) throw new ConfigError('INVALID_OPTION', 'no Nacos server is given');
  return {
    list,
    where: 'the list of servers',
    load: () => Promise.resolve(),
    onChange: () => () => undefined,
    close: () => undefined,
  };
}

export interface AddressServerOptions {
  readonly target: HttpTarget;
  /** With its query. */
  readonly path: string;
  readonly refreshMs: number;
  readonly toEndpoint: (address: ServerAddress) => Endpoint;
  readonly tls: TlsMaterial;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LIST_TIMEOUT_MS = 3000;

export class AddressServer implements ServerSource {
  readonly where: string;
  readonly #options: AddressServerOptions;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();
  #list: readonly Endpoint[] = [];
  #text = '';
  #loading: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** One line per trouble. */
  #saidProblem = false;

  constructor(options: AddressServerOptions) {
    this.#options = options;
    const { host, port, secure } = options.target;
    const scheme = secure ? 'https' : 'http';
    const [path = ''] = options.path.split('?');
    this.where = `${scheme}://${serverText([{ host, port }])}${path}`;
  }

  get list(): readonly Endpoint[] {
    return this.#list;
  }

  async load(signal: AbortSignal): Promise<void> {
    if (this.#list.length > 0) return;
    this.#loading ??= this.#look().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
    if (signal.aborted) throw asError(signal.reason);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
    this.#abort.abort(new ConnectionError('CONNECTION_LOST', 'the client is closed'));
  }

  async #look(): Promise<void> {
    const addresses = await this.#fetch();
    if (this.#abort.signal.aborted) return;
    this.#saidProblem = false;
    this.#timer ??= this.#options.clock.every(this.#options.refreshMs, () => {
      runInBackground(this.#lookAgain());
    });
    const text = serverText(addresses).split(',').sort().join(',');
    if (text === this.#text) return;
    const isFirst = this.#text === '';
    this.#text = text;
    this.#list = Object.freeze(addresses.map((address) => this.#options.toEndpoint(address)));
    if (!isFirst) this.#options.logger.info(`the Nacos servers are now ${text}`);
    for (const listener of [...this.#listeners]) listener();
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const text = `${asError(error).message}; the servers listed before stay in use`;
      if (this.#saidProblem) this.#options.logger.debug(text);
      else this.#options.logger.warn(text);
      this.#saidProblem = true;
    }
  }

  async #fetch(): Promise<readonly ServerAddress[]> {
    const { target, path, tls } = this.#options;
    const answer = await httpCall(target, {
      method: 'GET',
      path,
      what: `the server list ${this.where}`,
      timeoutMs: LIST_TIMEOUT_MS,
      signal: this.#abort.signal,
      tls,
    });
    if (answer.status !== 200) {
      throw new ConnectionError(
        'CONNECT_FAILED',
        `the server list ${this.where}: status ${String(answer.status)}`,
      );
    }
    const lines = answer.body.split(/\r?\n/).map((line) => line.trim());
    const addresses = lines.filter((line) => line !== '').map(readServerList);
    if (addresses.length === 0 || addresses.includes(undefined)) {
      throw new ProtocolError(
        'UNEXPECTED_RESPONSE',
        `the server list ${this.where} is no list of host:port, one on each line`,
      );
    }
    return addresses.flatMap((list) => list ?? []);
  }
}
