/**
 * Owns how options say the way to Nacos: what `createClient` takes for it, and the same taken from the options of a process. Used by the client,
 * the runtime and the command line, so that all three reach Nacos alike. Nothing is read or contacted.
 */
import { createHash } from 'node:crypto';

import { isSecret, type SecretText } from '../util/secret.js';
import type { ResolvedOptions } from './schema.js';
import type { ServerAddress } from './server-list.js';

/** PEM texts, or files of PEM; files are read again when they have changed. */
export interface TlsOptions {
  /** Speak gRPC by TLS. Default: true when anything else is given here, and for servers with `https://`. */
  readonly enabled?: boolean | undefined;
  /** Certificates of the authorities that may vouch for the servers. Default: those that Node trusts. */
  readonly ca?: string | readonly string[] | undefined;
  readonly caFile?: string | undefined;
  /** Our certificate with its chain, for servers that ask for one. */
  readonly cert?: string | undefined;
  readonly certFile?: string | undefined;
  readonly key?: SecretText | undefined;
  readonly keyFile?: string | undefined;
  readonly keyPassphrase?: SecretText | undefined;
  readonly keyPassphraseFile?: string | undefined;
  /** Name that the certificate of the servers has to be made out to. Default: the host of the server. */
  readonly serverName?: string | undefined;
  /** Take any certificate: whoever sits in between can then read and change everything. Default false. */
  readonly insecureSkipVerify?: boolean | undefined;
}

/** Where Nacos is, who we are there, and how safe the way is. docs/security.md explains the choices. */
export interface ConnectionOptions {
  /** `host:port`, several with commas or as a list; a host without port means 8848. Needed unless `endpoint` is given. */
  readonly server?: string | readonly (string | ServerAddress)[] | undefined;
  /** Address server that lists the servers: host, host:port (8080) or URL (path `/nacos/serverlist`). It goes before `server`. */
  readonly endpoint?: string | undefined;
  /** Milliseconds between two looks at that list. 1000 to 3,600,000, default 30,000. */
  readonly endpointRefreshMs?: number | undefined;
  /** In front of the paths of the HTTP API; `/` for none. Default `/nacos`. */
  readonly contextPath?: string | undefined;
  /** gRPC port = port + this, unless the server says `?grpcPort=`. Default 1000. */
  readonly grpcPortOffset?: number | undefined;
  /** User to log in as; needs `password` or `passwordFile`. Default: no login. */
  readonly username?: string | undefined;
  /** Shown nowhere. A function is asked at each login, within 3 s. */
  readonly password?: SecretText | ((signal: AbortSignal) => string | Promise<string>) | undefined;
  /** Read at each login. */
  readonly passwordFile?: string | undefined;
  /** Keys that requests are signed with. Default: they are not signed. */
  readonly accessKey?: SecretText | undefined;
  readonly accessKeyFile?: string | undefined;
  readonly secretKey?: SecretText | undefined;
  readonly secretKeyFile?: string | undefined;
  /** Sign by version 4, with a key made for this region. Default: version 1. */
  readonly signatureRegion?: string | undefined;
  /** Temporary keys as the JSON document of STS. */
  readonly stsCredentials?: SecretText | undefined;
  readonly stsFile?: string | undefined;
  readonly stsUrl?: SecretText | undefined;
  /** Temporary keys of this role, from the metadata service of the machine. */
  readonly ramRole?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** What the options of a process say about the way to Nacos. */
export function connectionOf(options: ResolvedOptions): ConnectionOptions {
  return {
    server: options.server,
    endpoint: options.endpoint,
    endpointRefreshMs: options.endpointRefreshMs,
    contextPath: options.contextPath,
    grpcPortOffset: options.grpcPortOffset,
    username: options.username,
    password: options.password,
    passwordFile: options.passwordFile,
    accessKey: options.accessKey,
    accessKeyFile: options.accessKeyFile,
    secretKey: options.secretKey,
    secretKeyFile: options.secretKeyFile,
    signatureRegion: options.signatureRegion,
    stsCredentials: options.stsCredentials,
    stsFile: options.stsFile,
    stsUrl: options.stsUrl,
    ramRole: options.ramRole,
    tls: options.tls,
  };
}

/** Where configs are looked for besides Nacos. */
export interface ConfigFolders {
  /** undefined: no copies are kept. */
  readonly cacheDir: string | undefined;
  readonly failoverDir: string | undefined;
}

/** What the options of a process say about copies of configs, and an operator's files. */
export function configFoldersOf({ discovery }: Pick<ResolvedOptions, 'discovery'>): ConfigFolders {
  const { diskCache, cacheDir, failoverDir } = discovery;
  return { cacheDir: diskCache ? cacheDir : undefined, failoverDir };
}

/** The same for the same way: who agrees in it may share connections. A hash, since secrets count and are not to be kept in a text. */
export function connectionKey(connection: ConnectionOptions): string {
  const text = JSON.stringify(plain(connection));
  return createHash('sha256').update(text).digest('base64');
}

/** With secrets opened, which JSON would mask and so make alike. */
function plain(value: unknown): unknown {
  if (isSecret(value)) return ['secret', value.reveal()];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, inner]) => [key, plain(inner)]);
}

/** Whom we talk to first: for the choice of our own address, which is the one towards them. */
export function firstContacts(
  options: Pick<ResolvedOptions, 'server' | 'endpoint'>,
): readonly { readonly host: string; readonly port: number }[] {
  if (options.endpoint === undefined) return options.server;
  const { host, port } = addressServerOf(options.endpoint);
  return [{ host, port }];
}

export interface AddressServerPlace {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
  /** With its `?`, or ''. */
  readonly query: string;
}

const ADDRESS_PORT = 8080;
const HTTPS_PORT = 443;

/** `text`: as the row `endpoint` lets it pass. */
export function addressServerOf(text: string): AddressServerPlace {
  const secure = /^https:\/\//i.test(text);
  const [whole = '', query = ''] = text.replace(/^https?:\/\//i, '').split(/(?=\?)/, 2);
  const [authority = '', path = ''] = whole.split(/(?=\/)(.*)/s, 2);
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? [];
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (secure ? HTTPS_PORT : ADDRESS_PORT) : Number(port),
    secure,
    path: path.replace(/\/$/, '') === '' ? '' : path,
    query,
  };
}
