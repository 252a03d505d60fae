/**
 * Owns how a list of Nacos servers is written: `host`, `host:port`, `[v6]:port`, with or without `http://` and a path, several with
 * commas or semicolons. Used by the option table and by `createClient`. Nothing is resolved or contacted.
 */
import { ConfigError } from '../errors.js';
import { readHost } from './host.js';

/** One Nacos server. */
export interface ServerAddress {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly host: string;
  /** Main (HTTP) port; gRPC is this + 1000. */
  readonly port: number;
}

export const DEFAULT_SERVER_PORT = 8848;
const GRPC_PORT_OFFSET = 1000;
const MAX_PORT = 65_535 - GRPC_PORT_OFFSET;

export const SERVERS_ALLOWED = `host:port, several with commas; a port from 1 to ${String(MAX_PORT)}, else ${String(DEFAULT_SERVER_PORT)}; IPv6 in brackets; no https`;

/**
 * Parses a list. `origin` says where it was written, for the error.
 * @throws ConfigError INVALID_OPTION
 */
export function parseServerList(text: string, origin: string): readonly ServerAddress[] {
  const servers = readServerList(text);
  if (servers !== undefined) return Object.freeze(servers);
  // Masked before it is cut: a cut may take the @ away that tells a user name.
  const shown = withoutUser(text).slice(0, 80);
  throw new ConfigError(
    'INVALID_OPTION',
    `server = ${JSON.stringify(shown)} (${origin}): must be ${SERVERS_ALLOWED}`,
  );
}

/** The list, or undefined when a part of it is no server or when there is none. */
export function readServerList(text: string): readonly ServerAddress[] | undefined {
  const parts = text.split(/[,;]/).filter((part) => part.trim() !== '');
  const servers = parts.map((part) => readServer(part.trim()));
  return servers.length > 0 && servers.every((server) => server !== undefined)
    ? servers
    : undefined;
}

/** One server as code gives it: text, or an object with a host and perhaps a port. */
export function readServerInput(input: unknown): ServerAddress | undefined {
  if (typeof input === 'string') return readServer(input.trim());
  if (typeof input !== 'object' || input === null || !('host' in input)) return undefined;
  if (typeof input.host !== 'string') return undefined;
  return serverOf(input.host, 'port' in input ? input.port : undefined);
}

function readServer(text: string): ServerAddress | undefined {
  // The path of an URL (`/nacos`) is for HTTP only; gRPC has no use for it. Other schemes than http are left in
  // and fail: with https we would speak plain text to a server that asked for the opposite.
  const address = text.replace(/^http:\/\//i, '').replace(/\/.*$/, '');
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(address);
  return match === null ? serverOf(address, undefined) : serverOf(match[1] ?? '', match[2]);
}

function serverOf(hostText: string, portInput: unknown): ServerAddress | undefined {
  const host = readHost(hostText);
  const port = portInput === undefined ? DEFAULT_SERVER_PORT : Number(portInput);
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > MAX_PORT)
    return undefined;
  return Object.freeze({ host, port });
}

/** `user:password@` in front of a host is not ours to show. */
export function withoutUser(text: string): string {
  return text.replace(/[^,;/\s"]*@/g, '***@');
}

/** The port where the same server speaks gRPC to its clients (docs/protocol.md#ports). */
export function grpcPortOf(address: ServerAddress): number {
  return address.port + GRPC_PORT_OFFSET;
}
