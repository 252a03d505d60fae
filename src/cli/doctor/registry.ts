/**
 * Owns the checks that talk to Nacos as an app does: the connection and its login, the service's name in the registry, the row of this machine, and a config
 * listener. Called by the doctor. Writes nothing unless a round trip is asked for, whose config is removed again.
 */
import type { NacosClient } from '../../client/client.js';
import { isNacosError } from '../../errors.js';
import { hostPort, type Instance } from '../../model.js';
import { nearestName } from '../../options/suggest.js';
import { asError, createDeferred } from '../../util/deferred.js';
import { systemClock } from '../../util/clock.js';
import { fail, ok, unknown, warn, type Finding } from './finding.js';
import { tryConnection } from './try-connection.js';

export interface RegistryChecks {
  readonly client: NacosClient;
  readonly timeoutMs: number;
  /** Whether a user, keys or a role are given. */
  readonly hasCredentials: boolean;
  /** Whether any port for gRPC is open. */
  readonly isOpen: boolean;
  /** The first warning of the client: why it does not connect. */
  readonly problem: () => string | undefined;
}

/** The connection, and whether Nacos lets us read. */
export async function checkConnection(checks: RegistryChecks): Promise<readonly Finding[]> {
  const { client, timeoutMs, hasCredentials, isOpen, problem } = checks;
  try {
    await client.connect({ timeoutMs });
  } catch (error) {
    return [
      fail(
        'connection',
        problem() ?? asError(error).message,
        isOpen
          ? 'a port is open, but nobody there speaks gRPC as Nacos does: is it a proxy, does the server want TLS (docs/security.md), is it older than Nacos 2?'
          : 'see to the ports first',
      ),
    ];
  }
  const connected = ok('connection', 'registered with Nacos over gRPC');
  try {
    const { count } = await client.naming.listServices({ timeoutMs, pageSize: 1 });
    const login = hasCredentials ? 'the credentials are accepted' : 'Nacos asks for no login';
    return [connected, ok('login', `${login}; ${String(count)} services in DEFAULT_GROUP`)];
  } catch (error) {
    if (isNacosError(error) && error.code === 'FORBIDDEN') {
      const advice = hasCredentials
        ? 'check user and password or keys, and that this user may read the namespace'
        : 'give NACOS_USERNAME and NACOS_PASSWORD, or access keys: docs/security.md';
      return [connected, fail('login', error.message, advice)];
    }
    return [
      connected,
      fail('login', asError(error).message, problem() ?? 'look at the log of Nacos'),
    ];
  }
}

export interface ServiceChecks extends RegistryChecks {
  readonly service: string;
  readonly group: string;
  /** What would be registered for this machine. */
  readonly ownIp: string | undefined;
  readonly port: number | undefined;
}

const PAGE_SIZE = 500;

export async function checkService(checks: ServiceChecks): Promise<readonly Finding[]> {
  const { client, service, group, timeoutMs } = checks;
  const { instances } = await client.naming.query({ name: service, group }, { timeoutMs });
  if (instances.length === 0) {
    const { names } = await client.naming.listServices({ group, pageSize: PAGE_SIZE, timeoutMs });
    const near = nearestName(service, names);
    return [
      warn(
        'name',
        `nobody is registered as ${service} in group ${group}`,
        near === undefined || near === service
          ? 'start the app; `nacos-serving status` shows what the processes of this machine have registered, and why not'
          : `did you mean ${near}?`,
      ),
    ];
  }
  const usable = instances.filter(
    ({ healthy, enabled, weight }) => healthy && enabled && weight > 0,
  );
  const count = `${String(usable.length)} of ${String(instances.length)}`;
  const name =
    usable.length > 0
      ? ok('name', `${service} in group ${group}: ${count} instances may be called`)
      : fail(
          'name',
          `${service} in group ${group}: ${count} instances may be called`,
          '`nacos-serving why` says of each why not',
        );
  return [name, await checkOwnRow(checks, instances)];
}

async function checkOwnRow(
  { ownIp, port, timeoutMs }: ServiceChecks,
  instances: readonly Instance[],
): Promise<Finding> {
  const own = instances.find((each) => each.ip === ownIp && (port ?? each.port) === each.port);
  if (own === undefined) {
    const would = ownIp === undefined ? 'no address was found for it' : `it would be ${ownIp}`;
    return unknown('own-address', `this machine is not among them; ${would}`);
  }
  const place = hostPort(own);
  const refused = await tryConnection(own.ip, own.port, timeoutMs);
  if (refused === undefined) return ok('own-address', `${place} is registered, and open from here`);
  return fail(
    'own-address',
    `${place} is registered, but ${refused}`,
    'callers get there no better: --show-detection says why this address was chosen; --service-ip and --advertised-ip set another (docs/address.md)',
  );
}

const PROBE = 'nacos-serving.doctor';

/** Listening without a word from the server proves that it takes listeners; a round trip proves that it tells them. */
export async function checkListener(
  { client, timeoutMs }: RegistryChecks,
  roundTrip: boolean,
): Promise<Finding> {
  const dataId = roundTrip ? `${PROBE}.${String(process.pid)}` : PROBE;
  const told = createDeferred<undefined>();
  const wanted = String(systemClock.wallMs());
  await using subscription = client.config.listen(dataId, undefined, (version) => {
    if (version?.content === wanted) told.resolve(undefined);
  });
  try {
    await subscription.ready({ timeoutMs });
  } catch (error) {
    return fail(
      'listener',
      asError(error).message,
      'the connection for configs does not work: is the user allowed to read them?',
    );
  }
  if (!roundTrip)
    return ok(
      'listener',
      'Nacos takes listeners of configs (--round-trip proves that it tells them)',
    );
  const beganMs = systemClock.nowMs();
  try {
    await client.config.publish(dataId, undefined, wanted, { timeoutMs });
    const bound = systemClock.after(
      timeoutMs,
      () => told.reject(new Error('it was not told in time')),
      { holdsProcess: true },
    );
    await told.promise.finally(() => bound.cancel());
    const tookMs = Math.round(systemClock.nowMs() - beganMs);
    return ok('listener', `was told ${String(tookMs)} ms after a config was published`);
  } catch (error) {
    return fail(
      'listener',
      `published a config, but ${asError(error).message}`,
      'something between here and Nacos drops streams: look at idle time-outs of load balancers',
    );
  } finally {
    await client.config.remove(dataId, undefined, { timeoutMs }).catch(() => undefined); // Said by the failure before.
  }
}
