/**
 * Owns `nacos-serving doctor`: walks from the options to a living listener, says of each step what was found, and what to do where it is not as it has to be.
 * Called by `main.ts`. It changes nothing, but for a round trip that is asked for. Exit codes: 0 nothing failed, 1 something did, 2 wrong words or options.
 */
import { networkInterfaces } from 'node:os';

import { createClient } from '../../client/client.js';
import { openConnection } from '../../client/connection.js';
import { silentLogger } from '../../logger.js';
import { DEFAULT_NAMESPACE } from '../../model.js';
import { connectionOf, firstContacts } from '../../options/connection.js';
import { loadOptions, type LoadedOptions } from '../../options/load.js';
import { decideAddress } from '../../registration/identity/address.js';
import { decideName } from '../../registration/identity/name.js';
import { routeTo } from '../../registration/identity/route.js';
import { systemClock } from '../../util/clock.js';
import { asError } from '../../util/deferred.js';
import type { DoctorInvocation } from '../doctor-args.js';
import { fail, findingLines, ok, type Finding } from '../doctor/finding.js';
import {
  checkConnection,
  checkListener,
  checkService,
  type RegistryChecks,
} from '../doctor/registry.js';
import { checkEndpoint, checkServer, namespaceFinding, namespacesOf } from '../doctor/servers.js';

/** @throws ConfigError when the options are wrong: that is the first thing to mend */
export async function doctor(invocation: DoctorInvocation): Promise<void> {
  const loaded = loadOptions({ cli: invocation.values, env: process.env, cwd: process.cwd() });
  const findings: Finding[] = [];
  for await (const finding of examine(loaded, invocation)) {
    findings.push(finding);
    if (!invocation.json) process.stdout.write(`${findingLines(finding).join('\n')}\n`);
  }
  const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
  const warned = findings.filter(({ verdict }) => verdict === 'warn').length;
  if (invocation.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else process.stdout.write(`${summary(failed, warned)}\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function summary(failed: number, warned: number): string {
  if (failed + warned === 0) return 'all is well';
  const parts = [
    ...(failed > 0 ? [`${String(failed)} failed`] : []),
    ...(warned > 0 ? [`${String(warned)} to look at`] : []),
  ];
  return parts.join(', ');
}

async function* examine(
  loaded: LoadedOptions,
  { timeoutMs, roundTrip }: DoctorInvocation,
): AsyncGenerator<Finding> {
  const { options, origins } = loaded;
  const given = Object.values(origins).filter((origin) => origin !== 'default').length;
  yield ok('options', `valid; ${String(given)} given (--print-config shows all)`);

  const connection = openConnection(connectionOf(options), {
    namespace: options.namespace,
    clock: systemClock,
    logger: silentLogger,
    provider: undefined,
    transport: undefined,
    login: undefined,
  });
  try {
    const { servers, tls } = connection;
    const origin = origins[options.endpoint === undefined ? 'server' : 'endpoint'] ?? 'default';
    if (options.endpoint !== undefined) {
      const listed = await checkEndpoint(servers, origin, timeoutMs);
      yield listed;
      if (listed.verdict === 'fail') return;
    }
    const perServer = servers.list.map((server) => ({
      server,
      origin,
      timeoutMs,
      tls,
      logsIn: options.username !== undefined,
    }));
    const checked = (await Promise.all(perServer.map(checkServer))).flat();
    yield* checked;

    let problem: string | undefined;
    const logger = {
      ...silentLogger,
      warn: (message: string): void => {
        // What follows is for an app.
        problem ??= message.split('; the app ', 1)[0];
      },
    };
    await using client = createClient({
      ...connectionOf(options),
      namespace: options.namespace,
      appName: 'nacos-serving-doctor',
      requestTimeoutMs: timeoutMs,
      logger,
    });
    const { username, accessKey, ramRole } = options;
    const checks: RegistryChecks = {
      client,
      timeoutMs,
      hasCredentials: [username, accessKey, ramRole].some((each) => each !== undefined),
      isOpen: checked.some(({ check, verdict }) => check === 'grpc-port' && verdict === 'ok'),
      problem: () => problem,
    };
    const connected = await checkConnection(checks);
    yield* connected;
    const [first] = perServer;
    if (first !== undefined && options.namespace !== DEFAULT_NAMESPACE) {
      yield namespaceFinding(await namespacesOf(first).catch(asError), options.namespace);
    }
    if (connected.some(({ verdict }) => verdict === 'fail')) return;
    yield* await checkIdentity(loaded, checks);
    yield await checkListener(checks, roundTrip);
  } finally {
    connection.close();
  }
}

async function checkIdentity(
  { options }: LoadedOptions,
  checks: RegistryChecks,
): Promise<readonly Finding[]> {
  const { service, network } = options;
  const found: Finding[] = [];
  const address = await decideAddress({
    explicit: service.ip,
    advertised: service.advertisedIp,
    network,
    boundHost: '::',
    registry: firstContacts(options),
    interfaces: networkInterfaces,
    route: (to) => routeTo(to, systemClock),
  }).catch((error: unknown) => {
    found.push(
      fail('own-address', asError(error).message, 'give --service-ip, or see docs/address.md'),
    );
    return undefined;
  });
  try {
    const { name } = decideName({ explicit: service.name, folder: process.cwd() });
    found.push(
      ...(await checkService({
        ...checks,
        service: name,
        group: service.group,
        ownIp: address?.ip,
        port: service.advertisedPort ?? service.port,
      })),
    );
  } catch (error) {
    found.push(fail('name', asError(error).message, 'give --service-name'));
  }
  return found;
}
