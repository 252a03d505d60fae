/**
 * Owns the list of Nacos servers and whose turn it is. Called by the session before each attempt to connect. The start is
 * random, so that the clients of a cluster spread over it; after that the list goes round and round.
 */
import { ConfigError } from '../errors.js';
import type { Endpoint } from './transport.js';

export interface Endpoints {
  readonly size: number;
  next(): Endpoint;
  /**
   * The listed server with this address; a server that we were not told about is never used. `port` is text of a peer: it only
   * tells servers of one host apart (docs/protocol.md#trap-9).
   */
  find(host: string, port?: string): Endpoint | undefined;
}

export function createEndpoints(list: readonly Endpoint[], random: () => number): Endpoints {
  if (list.length === 0) throw new ConfigError('INVALID_OPTION', 'no Nacos server is given');
  let turn = Math.floor(random() * list.length);
  return {
    size: list.length,
    next() {
      const endpoint = list[turn % list.length];
      turn = (turn + 1) % list.length;
      if (endpoint === undefined) throw new RangeError('endpoint list changed under us');
      return endpoint;
    },
    find(host, port) {
      const there = list.filter((endpoint) => endpoint.host === host);
      return there.find((endpoint) => String(endpoint.port) === port) ?? there[0];
    },
  };
}
