/**
 * Owns the checks of each Nacos server from outside: its name, its two ports, its clock. Called by the doctor. Opens a connection and closes it; sends one request
 * that changes nothing.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { RequestTimeoutError } from '../../errors.js';
import { hostPort } from '../../model.js';
import { httpCall, type HttpAnswer } from '../../remote/http-call.js';
import type { ServerSource } from '../../remote/server-source.js';
import type { TlsMaterial } from '../../remote/tls-material.js';
import type { Endpoint } from '../../remote/transport.js';
import { systemClock } from '../../util/clock.js';
import { asError } from '../../util/deferred.js';
import { fail, ok, unknown, warn, type Finding } from './finding.js';
import { tryConnection } from './try-connection.js';

export interface ServerChecks {
  readonly server: Endpoint;
  /** Where it was given: `env NACOS_SERVER`. */
  readonly origin: string;
  readonly timeoutMs: number;
  readonly tls: TlsMaterial;
  /** Whether a user logs in, which goes over the main port. */
  readonly logsIn: boolean;
}

const MAX_SKEW_MS = 5000;
const MS_PER_SECOND = 1000;

export async function checkServer(parts: ServerChecks): Promise<readonly Finding[]> {
  const resolved = await checkName(parts);
  if (resolved.verdict === 'fail') return [resolved];
  const [http, grpc] = await Promise.all([checkHttp(parts), checkGrpcPort(parts)]);
  return [resolved, ...http, grpc];
}

/** What the address server lists. */
export async function checkEndpoint(
  servers: ServerSource,
  origin: string,
  timeoutMs: number,
): Promise<Finding> {
  // What a client waits for keeps no process alive, and here nobody else does.
  const bound = new AbortController();
  const late = new RequestTimeoutError(`no list within ${String(timeoutMs)} ms`);
  const hold = systemClock.after(timeoutMs, () => bound.abort(late), { holdsProcess: true });
  try {
    await servers.load(bound.signal);
    const listed = servers.list.map(({ host, port }) => hostPort({ ip: host, port }));
    return ok('endpoint', `lists ${listed.join(', ')}`);
  } catch (error) {
    return fail(
      'endpoint',
      asError(error).message,
      `correct it (${origin}): host, host:port or URL of a page with a host:port on each line`,
    );
  } finally {
    hold.cancel();
  }
}

async function checkName({ server, origin }: ServerChecks): Promise<Finding> {
  const { host } = server;
  if (isIP(host) !== 0) return ok('address', `${host} is an address`);
  try {
    const addresses = await lookup(host, { all: true });
    return ok('address', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    return fail(
      'address',
      `${host} cannot be resolved: ${codeOf(error)}`,
      `correct the server (${origin}), or make the name known to DNS or /etc/hosts`,
    );
  }
}

async function checkHttp(parts: ServerChecks): Promise<readonly Finding[]> {
  const { server, timeoutMs } = parts;
  const place = hostPort({ ip: server.host, port: server.port });
  const refused = await tryConnection(server.host, server.port, timeoutMs);
  if (refused !== undefined) {
    const found = `${place}: ${refused}`;
    const remedy = 'when it is not Nacos that should listen there, correct the server';
    return [
      parts.logsIn
        ? fail('http-port', found, `the login goes over this port: open it; ${remedy}`)
        : warn(
            'http-port',
            found,
            `only a login by user and password, and lists of configs, need it; ${remedy}`,
          ),
    ];
  }
  const beganMs = systemClock.wallMs();
  const answer = await namespacesOf(parts).catch(asError);
  if (answer instanceof Error) {
    const advice = server.secure === true ? 'is it plain HTTP?' : 'does it want https:// in front?';
    return [warn('http-port', `${place} is open, but ${answer.message}`, advice)];
  }
  const clock = clockFinding(answer, (beganMs + systemClock.wallMs()) / 2);
  return [ok('http-port', `${place} answers`), ...(clock === undefined ? [] : [clock])];
}

/** Who reads the clock needs any answer; the namespaces are one that all servers have under some path. */
export async function namespacesOf(parts: ServerChecks): Promise<HttpAnswer> {
  const { server, timeoutMs, tls } = parts;
  const { host, port, secure = false, contextPath = '' } = server;
  const target = { host, port, secure };
  let last: HttpAnswer | undefined;
  for (const path of ['/v3/admin/core/namespace/list', '/v1/console/namespaces']) {
    last = await httpCall(target, {
      method: 'GET',
      path: `${contextPath}${path}`,
      what: 'namespaces',
      timeoutMs,
      tls,
      maxBytes: 4 * 1024 * 1024,
      holdsProcess: true,
    });
    if (last.status === 200) return last;
  }
  if (last === undefined) throw new Error('nothing was asked');
  return last;
}

/** The header has whole seconds. */
function clockFinding(answer: HttpAnswer, nowMs: number): Finding | undefined {
  const theirs = Date.parse(answer.headers['date'] ?? '');
  if (Number.isNaN(theirs)) return undefined;
  const skewMs = theirs + MS_PER_SECOND / 2 - nowMs;
  const seconds = `${(Math.abs(skewMs) / MS_PER_SECOND).toFixed(1)} s`;
  if (Math.abs(skewMs) <= MAX_SKEW_MS)
    return ok('clock', `differs by less than ${String(MAX_SKEW_MS / MS_PER_SECOND)} s`);
  return warn(
    'clock',
    `the server is ${seconds} ${skewMs > 0 ? 'ahead' : 'behind'}`,
    'set both clocks by NTP: signed requests (access keys) are refused when clocks differ',
  );
}

async function checkGrpcPort({ server, timeoutMs }: ServerChecks): Promise<Finding> {
  const { grpcPort: port } = server;
  const place = hostPort({ ip: server.host, port });
  const refused = await tryConnection(server.host, port, timeoutMs);
  if (refused === undefined) return ok('grpc-port', `${place} is open`);
  return fail(
    'grpc-port',
    `${place}: ${refused}`,
    'everything goes over this port: the main port + 1000. Open it in firewalls, containers and load balancers (TCP, no HTTP proxy), or say where it is: ?grpcPort= behind the server',
  );
}

export function namespaceFinding(answer: HttpAnswer | Error, namespace: string): Finding {
  const known = answer instanceof Error ? undefined : readNamespaces(answer);
  if (known === undefined) {
    const why = answer instanceof Error ? answer.message : `status ${String(answer.status)}`;
    return unknown(
      'namespace',
      `whether there is a ${namespace}: the server does not say (${why})`,
    );
  }
  const found = known.find(({ id }) => id === namespace);
  if (found !== undefined) return ok('namespace', `${namespace} is there`);
  const named = known.find(({ name }) => name === namespace);
  const ids = known.map(({ id }) => id).slice(0, 10);
  return fail(
    'namespace',
    `there is no namespace with the id ${namespace}`,
    named === undefined
      ? `known are ${ids.join(', ')}`
      : `that is the name of the namespace with the id ${named.id}: give the id`,
  );
}

function readNamespaces(
  answer: HttpAnswer,
): readonly { readonly id: string; readonly name: string }[] | undefined {
  if (answer.status !== 200) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(answer.body);
  } catch {
    // Something else listens there, which the check of the port has told.
    return undefined;
  }
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : undefined;
  if (!Array.isArray(data)) return undefined;
  return data.flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null || !('namespace' in each)) return [];
    const name = 'namespaceShowName' in each ? String(each.namespaceShowName) : '';
    return [{ id: String(each.namespace) === '' ? 'public' : String(each.namespace), name }];
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : asError(error).message;
}
