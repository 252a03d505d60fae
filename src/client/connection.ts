/**
 * Owns how the options of a client become its way to Nacos: servers, transport, TLS and credentials, one set for all its sessions. Called by
 * client.ts. What is wrong with the options is told here, at once; files and servers are read when they are needed. Closed after the sessions.
 */
import { ConfigError } from '../errors.js';
import type { Logger } from '../logger.js';
import { DEFAULT_NAMESPACE, hostPort } from '../model.js';
import { addressServerOf, type ConnectionOptions, type TlsOptions } from '../options/connection.js';
import { invalidValue } from '../options/given.js';
import { CONNECTION_ROWS } from '../options/rows/connection.js';
import { IDENTITY_ROWS } from '../options/rows/identity.js';
import { codeKey, splitPath, type OptionRow } from '../options/schema.js';
import {
  grpcPortOf,
  parseServerList,
  readContextPath,
  readServerInput,
  type ServerAddress,
} from '../options/server-list.js';
import { checkConnection } from '../options/together.js';
import { readValue } from '../options/validate.js';
import { combineCredentials } from '../remote/auth/combined.js';
import type { Credentials, CredentialsProvider } from '../remote/auth/credentials.js';
import { createHttpLogin, type Login } from '../remote/auth/login.js';
import { createPasswordCredentials } from '../remote/auth/password.js';
import { ProvidedCredentialsStore } from '../remote/auth/provided.js';
import {
  keysFrom,
  stsFrom,
  stsFromUrl,
  stsOfRole,
  textOf,
  type NamedProvider,
  type TextOrFile,
} from '../remote/auth/sources.js';
import { createEndpoints, type Endpoints } from '../remote/endpoints.js';
import { createHttp2Transport } from '../remote/http2-transport.js';
import { AddressServer, fixedServers, type ServerSource } from '../remote/server-source.js';
import { TlsMaterial } from '../remote/tls-material.js';
import type { Endpoint, Transport } from '../remote/transport.js';
import type { Clock } from '../util/clock.js';
import { reveal, Secret, type SecretText } from '../util/secret.js';

export interface ConnectionParts {
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly provider: CredentialsProvider | undefined;
  readonly transport: Transport | undefined;
  readonly login: Login | undefined;
}

export interface ClientConnection {
  readonly transport: Transport;
  readonly servers: ServerSource;
  /** What tells these servers from others. */
  readonly registry: string;
  readonly tls: TlsMaterial;
  readonly credentials: Credentials | undefined;
  /** For one session: each goes through the list on its own. */
  endpoints(): Endpoints;
  close(): void;
}

/** @throws ConfigError INVALID_OPTION */
export function openConnection(
  options: ConnectionOptions,
  parts: ConnectionParts,
): ClientConnection {
  check(options);
  const { clock, logger } = parts;
  const tls = new TlsMaterial(options.tls ?? {}, logger);
  const servers = serversOf(options, parts, tls);
  const credentials = combineCredentials(credentialsOf(options, parts, { servers, tls }));
  return {
    transport: parts.transport ?? createHttp2Transport(clock, tls),
    servers,
    registry: servers.list.length === 0 ? servers.where : namesOf(servers.list),
    tls,
    credentials,
    endpoints: () => createEndpoints(servers, () => clock.random()),
    close() {
      servers.close();
      credentials?.close();
    },
  };
}

/** The same in whatever order they are given. */
function namesOf(servers: readonly Endpoint[]): string {
  return servers
    .map(({ host, port }) => hostPort({ ip: host, port }))
    .sort()
    .join(',');
}

/** What `server` may be has a reader of its own. */
const ROWS: readonly OptionRow[] = [
  ...CONNECTION_ROWS,
  ...IDENTITY_ROWS.filter(({ path }) => path === 'username' || path === 'password'),
];

function spell(row: OptionRow): string {
  const [area] = splitPath(row.path);
  return area === '' ? codeKey(row) : `${area}.${codeKey(row)}`;
}

/** Each by its row, as from every other layer, and then all together. */
function check(options: ConnectionOptions): void {
  const given = new Map<string, { readonly place: string }>();
  for (const row of ROWS) {
    const [area] = splitPath(row.path);
    const holder: unknown = area === '' ? options : options.tls;
    const raw: unknown = Reflect.get(Object(holder) as object, codeKey(row));
    if (raw === undefined) continue;
    given.set(row.path, { place: 'code' });
    if (row.path === 'password' && typeof raw === 'function') continue;
    const reading = readValue(row, raw, { cwd: '.', fromCode: true });
    if (!('allowed' in reading)) continue;
    const facts = { row, raw, origin: 'code', place: 'code', name: spell(row) };
    throw invalidValue(facts, reading.allowed);
  }
  // A text instead of a file is as good a partner of a file.
  if (options.tls?.cert !== undefined) given.set('tls.cert_file', { place: 'code' });
  if (options.tls?.key !== undefined) given.set('tls.key_file', { place: 'code' });
  const names = new Map(ROWS.map((row) => [row.path, spell(row)]));
  checkConnection(
    (path) => given.get(path),
    (path) => names.get(path) ?? path,
  );
}

function serversOf(
  options: ConnectionOptions,
  { namespace, clock, logger }: ConnectionParts,
  tls: TlsMaterial,
): ServerSource {
  const toEndpoint = endpointOf(options);
  if (options.endpoint === undefined) return fixedServers(givenServers(options).map(toEndpoint));
  const { host, port, secure, path, query } = addressServerOf(options.endpoint);
  const context = readContextPath(options.contextPath ?? DEFAULT_CONTEXT_PATH) ?? '';
  const ofNamespace =
    namespace === DEFAULT_NAMESPACE || /[?&]namespace=/.test(query)
      ? query
      : `${query === '' ? '?' : `${query}&`}namespace=${namespace}`;
  return new AddressServer({
    target: { host, port, secure },
    path: `${path === '' ? `${context}/serverlist` : path}${ofNamespace}`,
    refreshMs: options.endpointRefreshMs ?? DEFAULT_REFRESH_MS,
    toEndpoint,
    tls,
    clock,
    logger,
  });
}

const DEFAULT_CONTEXT_PATH = '/nacos';
const DEFAULT_REFRESH_MS = 30_000;

function endpointOf(options: ConnectionOptions): (address: ServerAddress) => Endpoint {
  const { tls, grpcPortOffset } = options;
  const allByTls = tls?.enabled ?? (tls === undefined ? false : isAnythingGiven(tls));
  const contextPath = readContextPath(options.contextPath ?? DEFAULT_CONTEXT_PATH);
  return (address) => ({
    host: address.host,
    port: address.port,
    grpcPort: grpcPortOf(address, grpcPortOffset),
    tls: allByTls || (address.secure === true && tls?.enabled !== false),
    secure: address.secure === true,
    contextPath: address.contextPath ?? contextPath,
  });
}

/** Of files, names and texts: who gives an authority does not want plain text. */
function isAnythingGiven(tls: TlsOptions): boolean {
  return Object.values(tls).some((value) => value !== undefined && value !== false);
}

function givenServers({ server }: ConnectionOptions): readonly ServerAddress[] {
  if (server === undefined) {
    throw new ConfigError(
      'INVALID_OPTION',
      'option server is missing: give at least one host:port',
    );
  }
  if (typeof server === 'string') return parseServerList(server, 'option server');
  const list = server.flatMap((item) => {
    const address = typeof item === 'string' ? undefined : readServerInput(item);
    if (address !== undefined) return [address];
    return parseServerList(
      typeof item === 'string' ? item : hostPort({ ip: item.host, port: item.port }),
      'option server',
    );
  });
  if (list.length === 0) {
    throw new ConfigError(
      'INVALID_OPTION',
      'option server is an empty list: give at least one host:port',
    );
  }
  return list;
}

interface CredentialParts {
  readonly servers: ServerSource;
  readonly tls: TlsMaterial;
}

function credentialsOf(
  options: ConnectionOptions,
  { clock, logger, provider, login }: ConnectionParts,
  { servers, tls }: CredentialParts,
): readonly Credentials[] {
  const all: Credentials[] = [];
  if (options.username !== undefined) {
    all.push(
      createPasswordCredentials({
        username: options.username,
        password: passwordOf(options),
        servers: () => servers.list,
        login: login ?? createHttpLogin(tls),
        clock,
        logger,
      }),
    );
  }
  const sources = [
    ...keySources(options, tls),
    ...(provider === undefined ? [] : [{ name: 'what option credentials provides', provider }]),
  ];
  const region = options.signatureRegion;
  for (const source of sources) {
    all.push(new ProvidedCredentialsStore({ ...source, region, clock, logger }));
  }
  return all;
}

function passwordOf(options: ConnectionOptions): (signal: AbortSignal) => string | Promise<string> {
  const { password, passwordFile, username = '' } = options;
  if (typeof password === 'function') return password;
  if (password !== undefined) {
    const kept = hidden(password);
    return () => kept.reveal();
  }
  return () => textOf({ file: passwordFile ?? '' }, `the password of user ${username}`);
}

function keySources(options: ConnectionOptions, tls: TlsMaterial): readonly NamedProvider[] {
  const id = textOrFile(options.accessKey, options.accessKeyFile);
  const secret = textOrFile(options.secretKey, options.secretKeyFile);
  const document = textOrFile(options.stsCredentials, options.stsFile);
  return [
    ...(id === undefined || secret === undefined ? [] : [keysFrom(id, secret)]),
    ...(document === undefined ? [] : [stsFrom(document)]),
    ...(options.stsUrl === undefined ? [] : [stsFromUrl(hidden(options.stsUrl), tls)]),
    ...(options.ramRole === undefined ? [] : [stsOfRole(options.ramRole, tls)]),
  ];
}

function textOrFile(
  text: SecretText | undefined,
  file: string | undefined,
): TextOrFile | undefined {
  if (text !== undefined) return { text: hidden(text) };
  return file === undefined ? undefined : { file };
}

/** What we keep does not print, whatever was given. */
function hidden(text: SecretText): Secret {
  return new Secret(reveal(text));
}
