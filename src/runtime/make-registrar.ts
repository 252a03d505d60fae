/**
 * Owns the way from options to a registrar: identity with its reasons, moment, readiness, attempts. Used by the process runtime, once for what is
 * found by itself and once for each server that code registers.
 */
import { networkInterfaces } from 'node:os';

import { toStderr, type Logger } from '../logger.js';
import { hostPort } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import { firstContacts } from '../options/connection.js';
import type { ResolvedOptions } from '../options/schema.js';
import { decideAddress } from '../registration/identity/address.js';
import { decideName } from '../registration/identity/name.js';
import { routeTo } from '../registration/identity/route.js';
import { createRegistrar } from '../registration/registrar.js';
import type { Registrar, RegistrationMoment } from '../registration/registrar-options.js';
import type { RegistrationNaming } from '../registration/registration-options.js';
import { mayShareAddresses, shareAddresses } from '../registration/family/shared-naming.js';
import { systemClock } from '../util/clock.js';
import type { Surroundings } from './surroundings.js';

export interface RegistrarParts {
  readonly options: ResolvedOptions;
  readonly around: Surroundings;
  readonly explicit: boolean;
  readonly naming: NamingApi;
  readonly logger: Logger;
}

const FAILED = 1;

export function makeRegistrar(parts: RegistrarParts): Registrar {
  const { options, around, naming, logger, explicit } = parts;
  const { service, registration, readiness, network } = options;
  return createRegistrar({
    naming: mayShareAddresses() ? shared(parts) : naming,
    clock: systemClock,
    logger,
    explicit,
    registry: firstContacts(options),
    namespace: options.namespace,
    name: () => decideName({ explicit: service.name, script: around.script, folder: around.cwd }),
    address: (boundHost) =>
      decideAddress({
        explicit: service.ip,
        advertised: service.advertisedIp,
        network,
        boundHost,
        registry: firstContacts(options),
        interfaces: networkInterfaces,
        route: (server) => routeTo(server, systemClock),
      }),
    port: {
      explicit: service.port,
      advertised: service.advertisedPort,
      environment: portOf(around.env['PORT']),
    },
    service: {
      group: service.group,
      cluster: service.cluster,
      weight: service.weight,
      metadata: service.metadata,
    },
    when: momentOf(parts),
    readiness: {
      delayMs: readiness.delayMs,
      path: readiness.path,
      intervalMs: readiness.intervalMs,
      registerDisabled: readiness.registerDisabled,
    },
    retry: { times: registration.retryTimes, intervalMs: registration.retryIntervalMs },
    ...(registration.failFast
      ? {
          onGiveUp(reason: string) {
            logger.error(`fail-fast: ${reason}`);
            around.exit(FAILED);
          },
        }
      : {}),
    ...(registration.showDetection
      ? { showDetection: (line: string) => toStderr(`nacos-serving detected ${line}\n`) }
      : {}),
  });
}

function shared({ naming, options, logger }: RegistrarParts): RegistrationNaming {
  const registry = firstContacts(options).map(({ host, port }) => hostPort({ ip: host, port }));
  return shareAddresses({ naming, registry, namespace: options.namespace, logger });
}

/** By default a request comes instead of the start (options/load.ts); and what code asks for by name is asked for. */
function momentOf({ options, explicit }: RegistrarParts): RegistrationMoment {
  const { registerOnStartup, registerOnRequest } = options.registration;
  if (registerOnStartup) return 'startup';
  if (registerOnRequest) return 'request';
  return explicit ? 'startup' : 'never';
}

/** The app's own PORT variable says which of its servers is the service, when it holds a port. */
function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}
