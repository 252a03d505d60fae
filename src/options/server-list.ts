/**
 * Owns how a list of Nacos servers is written: `host`, `host:port`, `[v6]:port`, with or without `http://` or `https://`, a context path and
 * `?grpcPort=`, several with commas or semicolons. Used by the option table, by `createClient` and by the list of an address server.
 * Nothing is resolved or contacted.
 */
import { ConfigError } from '../errors.js';
import { hostPort } from '../model.js';
import { readHost } from './host.js';

/** One Nacos server. */
export interface ServerAddress {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly host: string;
  /** Main (HTTP) port. */
  readonly port: number;
  /** Where it speaks gRPC. Default: `port` + the option `grpc_port_offset`. */
  readonly grpcPort?: number;
  /** Written with `https://`: HTTP goes by TLS, and gRPC too unless `tls.enabled` is false. Default false. */
  readonly secure?: boolean;
  /** In front of the paths of its HTTP API, like `/nacos`. Default: the option `context_path`. */
  readonly contextPath?: string;
}

export const DEFAULT_SERVER_PORT = 8848;
export const DEFAULT_GRPC_PORT_OFFSET = 1000;
export const MAX_PORT = 65_535;
const MAX_MAIN_PORT = MAX_PORT - DEFAULT_GRPC_PORT_OFFSET;

export const SERVERS_ALLOWED = `host:port, several with commas; a port from 1 to ${String(MAX_MAIN_PORT)}, else ${String(DEFAULT_SERVER_PORT)}; IPv6 in brackets; http:// or https:// in front, a context path and ?grpcPort=PORT behind if need be`;

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

/** One server as code gives it: text, or an object with a host and perhaps the rest. */
export function readServerInput(input: unknown): ServerAddress | undefined {
  if (typeof input === 'string') return readServer(input.trim());
  if (typeof input !== 'object' || input === null || !('host' in input)) return undefined;
  if (typeof input.host !== 'string') return undefined;
  const secure = 'secure' in input ? input.secure : undefined;
  const path = 'contextPath' in input ? input.contextPath : undefined;
  if (secure !== undefined && typeof secure !== 'boolean') return undefined;
  if (path !== undefined && typeof path !== 'string') return undefined;
  return serverOf({
    host: input.host,
    port: 'port' in input ? input.port : undefined,
    grpcPort: 'grpcPort' in input ? input.grpcPort : undefined,
    secure: secure === true,
    path,
  });
}

/** Scheme, authority, path, query. */
const PARTS = /^(?:(https?):\/\/)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i;

function readServer(text: string): ServerAddress | undefined {
  const [, scheme = '', authority = '', path, query] = PARTS.exec(text) ?? [];
  const grpcPort = query === undefined ? undefined : /^grpc_?port=(\d{1,5})$/i.exec(query)?.[1];
  if (query !== undefined && grpcPort === undefined) return undefined;
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(authority);
  return serverOf({
    host: match === null ? authority : (match[1] ?? ''),
    port: match?.[2],
    grpcPort,
    secure: scheme.toLowerCase() === 'https',
    path,
  });
}

interface ServerParts {
  readonly host: string;
  readonly port: unknown;
  readonly grpcPort: unknown;
  readonly secure: boolean;
  readonly path: string | undefined;
}

function serverOf(parts: ServerParts): ServerAddress | undefined {
  const host = readHost(parts.host);
  const port = readPort(parts.port ?? DEFAULT_SERVER_PORT);
  const grpcPort = parts.grpcPort === undefined ? undefined : readPort(parts.grpcPort);
  const contextPath = readContextPath(parts.path ?? '');
  if (host === undefined || port === undefined || contextPath === undefined) return undefined;
  if (grpcPort === undefined && (parts.grpcPort !== undefined || port > MAX_MAIN_PORT)) {
    return undefined;
  }
  return Object.freeze({
    host,
    port,
    ...(grpcPort === undefined ? {} : { grpcPort }),
    ...(parts.secure ? { secure: true } : {}),
    ...(contextPath === '' ? {} : { contextPath }),
  });
}

function readPort(input: unknown): number | undefined {
  const port = Number(input);
  return Number.isInteger(port) && port >= 1 && port <= MAX_PORT ? port : undefined;
}

/** `/nacos` without a slash at its end, '' for the root; undefined when it is no path. */
export function readContextPath(text: string): string | undefined {
  const path = text.replace(/\/+$/, '');
  return path === '' || /^(\/[\w.~-]+)+$/.test(path) ? path : undefined;
}

/** `user:password@` in front of a host is not ours to show. */
export function withoutUser(text: string): string {
  return text.replace(/[^,;/\s"]*@/g, '***@');
}

/** As {@link readServerList} reads it. */
export function serverText(servers: readonly ServerAddress[]): string {
  const texts = servers.map(({ host, port, grpcPort, secure, contextPath = '' }) => {
    const scheme = secure === true ? 'https://' : '';
    const query = grpcPort === undefined ? '' : `?grpcPort=${String(grpcPort)}`;
    return `${scheme}${hostPort({ ip: host, port })}${contextPath}${query}`;
  });
  return texts.join(',');
}

/**
 * The port where the same server speaks gRPC to its clients (docs/protocol.md#ports).
 * @throws ConfigError INVALID_OPTION when the offset leads out of the range of ports
 */
export function grpcPortOf(address: ServerAddress, offset = DEFAULT_GRPC_PORT_OFFSET): number {
  const grpcPort = address.grpcPort ?? address.port + offset;
  if (grpcPort >= 1 && grpcPort <= MAX_PORT) return grpcPort;
  throw new ConfigError(
    'INVALID_OPTION',
    `grpc_port_offset ${String(offset)} leads from ${serverText([address])} to port ${String(grpcPort)}: it must be 1 to ${String(MAX_PORT)}`,
  );
}
