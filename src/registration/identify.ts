/**
 * Owns how a server that was chosen becomes a service, an address and a port, with the reason for each. Used by the registrar. What can
 * never become right is told once; a network may come up later than the app, so a missing address is asked for again.
 */
import { isNacosError, type NacosError, RegistrationError } from '../errors.js';
import {
  DEFAULT_CLUSTER,
  DEFAULT_GROUP,
  hostPort,
  type Instance,
  type ServiceRef,
} from '../model.js';
import { checkService, MAX_METADATA } from '../naming-rules.js';
import type { InstanceChange, ListeningServer } from '../process-hub.js';
import { asError, delay } from '../util/deferred.js';
import { describeDetection } from './identity/detection.js';
import type { AddressDecision } from './identity/address.js';
import { decidePort, judgeServers } from './identity/port.js';
import { wantedInstance } from './instance-wish.js';
import type { RegistrarOptions } from './registrar-options.js';
import type { RetryPolicy } from './retry-policy.js';

export interface Identity {
  readonly service: ServiceRef;
  /** As the options have it. */
  readonly instance: Instance;
  /** `(group ...) at 127.0.0.1:8848: name from ..., address of ..., port as bound` */
  readonly reasons: string;
}

export interface IdentifyInput {
  readonly server: ListeningServer;
  /** Every server that listens. */
  readonly all: readonly ListeningServer[];
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
}

/** Tries until there is an identity. undefined when `signal` aborted. @throws the error that is final; it is said here */
export async function identify(
  options: RegistrarOptions,
  input: IdentifyInput,
): Promise<Identity | undefined> {
  const { retry, signal } = input;
  const what = `the server on ${placeOf(input.server)} is not registered`;
  while (!signal.aborted) {
    retry.begin();
    try {
      const identity = await decide(options, input);
      return signal.aborted ? undefined : identity;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = isNacosError(thrown) ? thrown : unexpected(thrown);
      // Wrong input is an error; wrong surroundings may be meant so.
      const level = error.code === 'INVALID_INSTANCE' ? 'error' : 'warn';
      if (retry.isFirst) options.logger[level](`${what}: ${error.message}`);
      if (error.details['final'] !== false) throw error;
      const pauseMs = retry.failed(what, error.message);
      await delay(options.clock, pauseMs, { signal }).catch(() => undefined); // Aborted: the loop ends.
    }
  }
  return undefined;
}

export function placeOf({ host, port }: ListeningServer): string {
  return hostPort({ ip: host, port });
}

/** What the options say of an instance, before there is one: whether a change is possible can be told at once. */
export function checkAgainstOptions(options: RegistrarOptions, change: InstanceChange): void {
  wantedInstance({ ip: '127.0.0.1', port: 1, ...labelsOf(options) }, change);
}

async function decide(
  options: RegistrarOptions,
  { server, all }: IdentifyInput,
): Promise<Identity> {
  const { registry, service: labels = {} } = options;
  const name = options.name();
  const port = decidePort(server.port, options.port ?? {});
  const address = await options.address(server.host);
  const servers = judgeServers(all, server, options.port ?? {});
  for (const line of describeDetection({ name, address, servers, port })) {
    options.logger.debug(line);
    options.showDetection?.(line);
  }
  const service = checkService({ name: name.name, group: labels.group ?? DEFAULT_GROUP });
  const { metadata, ...rest } = labelsOf(options);
  const instance = wantedInstance(
    {
      ip: address.ip,
      port: port.port,
      ...rest,
      // The user's keys win over ours.
      metadata: { ...ourLabels(server, address, metadata), ...metadata },
    },
    {},
  );
  const places = registry.map(({ host, port: at }) => hostPort({ ip: host, port: at }));
  const reasons = `name ${name.because}, address ${address.because}, port ${port.because}`;
  return {
    service,
    instance,
    reasons: `(group ${service.group}, cluster ${instance.cluster}) at ${places.join(',')}: ${reasons}`,
  };
}

/**
 * What Java neighbours read: `secure`, and the second address of a server with both kinds, in brackets as Spring Cloud Alibaba writes it. Without the
 * latter an instance is still whole, so it gives way where the user's own labels leave no room.
 */
function ourLabels(
  server: ListeningServer,
  { ipv6 }: AddressDecision,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const secure = server.scheme === 'https' ? { secure: 'true' } : {};
  if (ipv6 === undefined) return secure;
  const all = { ...secure, IPv6: `[${ipv6}]`, ...own };
  const size = Object.entries(all).reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  return size > MAX_METADATA ? secure : { ...secure, IPv6: `[${ipv6}]` };
}

function labelsOf({ service = {} }: RegistrarOptions) {
  const { weight = 1, cluster = DEFAULT_CLUSTER, metadata = {} } = service;
  return { weight, cluster, metadata };
}

function unexpected(thrown: unknown): NacosError {
  const { message } = asError(thrown);
  return new RegistrationError('NOT_REGISTERED', message, { cause: thrown });
}
