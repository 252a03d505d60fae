/**
 * Owns how a list of Nacos servers is written: `host`, `host:port`, `[v6]:port`, with or without `http://`, several with commas
 * or semicolons. Used by the option table and by `createClient`. It knows names only: nothing is resolved or contacted.
 */
import { ConfigError } from '../errors.js';

export interface ServerAddress {
  /** Without brackets. */
  readonly host: string;
  /** Main (HTTP) port; gRPC is this + 1000. */
  readonly port: number;
}

export const DEFAULT_SERVER_PORT = 8848;
const GRPC_PORT_OFFSET = 1000;
const MAX_PORT = 65_535 - GRPC_PORT_OFFSET;

/**
 * Parses a list. `origin` says where it was written, for the error.
 * @throws ConfigError INVALID_OPTION naming the part that is wrong.
 */
export function parseServerList(text: string, origin: string): readonly ServerAddress[] {
  const parts = text
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw invalid('', origin, 'is empty');
  return Object.freeze(parts.map((part) => parseServer(part, origin)));
}

function parseServer(part: string, origin: string): ServerAddress {
  const bare = part.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
  if (bare.includes('/')) throw invalid(part, origin, 'has a path, which is not supported');
  if (bare.includes('@')) throw invalid('', origin, 'has a user name in it');
  const match =
    /^\[([0-9a-fA-F:.]+)\](?::(.*))?$/.exec(bare) ?? /^([A-Za-z0-9_.-]+)(?::(.*))?$/.exec(bare);
  const host = match?.[1];
  if (host === undefined) throw invalid(part, origin, 'is not host:port');
  const portText = match?.[2];
  const port = portText === undefined ? DEFAULT_SERVER_PORT : Number(portText);
  if (portText === '' || !Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw invalid(part, origin, `has a port outside 1 to ${String(MAX_PORT)}`);
  }
  return Object.freeze({ host, port });
}

function invalid(part: string, origin: string, why: string): ConfigError {
  const shown = part === '' ? 'server list' : `server "${part.slice(0, 80)}"`;
  return new ConfigError(
    'INVALID_OPTION',
    `${shown} (${origin}) ${why}: allowed is host or host:port, several with commas, like 10.0.0.1:8848,10.0.0.2:8848`,
  );
}

/** The port where the same server speaks gRPC to its clients (docs/protocol.md#ports). */
export function grpcPortOf(address: ServerAddress): number {
  return address.port + GRPC_PORT_OFFSET;
}
