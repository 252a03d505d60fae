/**
 * Owns whose turn it is among the Nacos servers of one session. Called by the session before each attempt to connect. The start is
 * random, so that the clients of a cluster spread over it; after that the list goes round and round, also when it changes.
 */
import { fixedServers, type ServerSource } from './server-source.js';
import type { Endpoint } from './transport.js';

export interface Endpoints {
  /** At least 1, also while the list is not there yet. */
  readonly size: number;
  /** Where the list comes from, for lines that people read. */
  readonly where: string;
  /** A promise while the list is not there yet, which rejects when it cannot be had. */
  next(signal: AbortSignal): Endpoint | Promise<Endpoint>;
  /**
   * The listed server with this address; a server that we were not told about is never used. `port` is text of a peer: it only
   * tells servers of one host apart (docs/protocol.md#trap-9).
   */
  find(host: string, port?: string): Endpoint | undefined;
  has(endpoint: Endpoint): boolean;
  /** Returns the function which stops that. */
  onChange(listener: () => void): () => void;
}

export function createEndpoints(
  given: readonly Endpoint[] | ServerSource,
  random: () => number,
): Endpoints {
  const source = 'load' in given ? given : fixedServers(given);
  let turn: number | undefined;
  const take = (): Endpoint | undefined => {
    const { list } = source;
    turn = (turn ?? Math.floor(random() * list.length)) % Math.max(1, list.length);
    const endpoint = list[turn];
    if (endpoint === undefined) turn = undefined;
    else turn += 1;
    return endpoint;
  };
  return {
    get size() {
      return Math.max(1, source.list.length);
    },
    where: source.where,
    next(signal) {
      return take() ?? source.load(signal).then(() => take() ?? noList());
    },
    find(host, port) {
      const there = source.list.filter((endpoint) => endpoint.host === host);
      return there.find((endpoint) => String(endpoint.port) === port) ?? there[0];
    },
    has(endpoint) {
      return source.list.some((one) => isSame(one, endpoint));
    },
    onChange: (listener) => source.onChange(listener),
  };
}

/** A source that has loaded has a list; its type does not say so. */
function noList(): never {
  throw new RangeError('a list of servers was loaded and is empty');
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.host === other.host && one.grpcPort === other.grpcPort && one.tls === other.tls;
}
