/**
 * Owns that of several processes which serve one address only one registers it. Put by the runtime between the registrar and the naming
 * client, in processes that may share a port without a primary of ours: `register` then waits until this process owns the address
 * (ownership.ts), however long that takes, and `deregister` lets the next one register first. A process that shares nothing uses the client itself.
 */
import { RegistrationError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { hostPort, toServiceRef, type InstanceInput, type ServiceRef } from '../../model.js';
import { systemClock, type Clock } from '../../util/clock.js';
import { asError, runInBackground } from '../../util/deferred.js';
import type { RegistrationNaming } from '../registration-options.js';
import type { OwnershipKey } from './lock-name.js';
import type { Ownership } from './ownership.js';

export interface SharedNamingOptions {
  readonly naming: RegistrationNaming;
  /** The servers of the registry, like `10.0.0.1:8848`. */
  readonly registry: readonly string[];
  readonly namespace: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Default: a lock of this machine. */
  readonly own?: (key: OwnershipKey) => Ownership;
}

/** Part of the time for the server's answer that the next owner gets to register in. */
const HAND_OVER_SHARE = 0.5;
const HAND_OVER_MS = 500;

/** This process is a cluster worker, of pm2 or of a primary that is without us: others like it may listen on its port. */
export function mayShareAddresses(): boolean {
  // Asked for by name: a process that only calls never loads it.
  return Reflect.get(process.getBuiltinModule('node:cluster'), 'isWorker') === true;
}

export function shareAddresses(options: SharedNamingOptions): RegistrationNaming {
  const { naming } = options;
  const shared = new Map<string, SharedAddress>();
  const nameOf = ({ name, group }: ServiceRef, instance: InstanceInput): string =>
    JSON.stringify([group, name, instance.ip, instance.port]);
  return {
    get connectionState() {
      return naming.connectionState;
    },
    onConnectionState: (listener) => naming.onConnectionState(listener),
    query: (service, query) => naming.query(service, query),
    async register(service, instance, wait) {
      const ref = toServiceRef(service);
      const name = nameOf(ref, instance);
      const one = shared.get(name) ?? new SharedAddress(options, ref, instance);
      shared.set(name, one);
      await one.register(instance, wait);
    },
    async deregister(service, instance, wait) {
      const name = nameOf(toServiceRef(service), instance);
      const one = shared.get(name);
      shared.delete(name);
      await (one === undefined
        ? naming.deregister(service, instance, wait)
        : one.deregister(instance, wait));
    },
  };
}

type RegisterWait = Parameters<RegistrationNaming['register']>[2];
type DeregisterWait = Parameters<RegistrationNaming['deregister']>[2];

/** From the first wish to register an address until it is taken back. */
class SharedAddress {
  readonly #options: SharedNamingOptions;
  readonly #service: ServiceRef;
  readonly #clock: Clock;
  readonly #ownership: Promise<Ownership>;
  readonly #label: string;
  #wanted: InstanceInput | undefined;

  constructor(options: SharedNamingOptions, service: ServiceRef, instance: InstanceInput) {
    this.#options = options;
    this.#service = service;
    this.#clock = options.clock ?? systemClock;
    this.#label = `${service.name} ${hostPort(instance)}`;
    this.#ownership = this.#own(instance);
  }

  async register(instance: InstanceInput, wait: RegisterWait): Promise<void> {
    this.#wanted = instance;
    const { naming } = this.#options;
    const ownership = await this.#ownership;
    await ownership.owned(wait?.signal === undefined ? {} : { signal: wait.signal });
    await naming.register(this.#service, instance, wait);
    ownership.confirm();
  }

  /** @throws RegistrationError when another process has it registered: there is nothing to take out. */
  async deregister(instance: InstanceInput, wait: DeregisterWait): Promise<void> {
    this.#wanted = undefined;
    const ownership = await this.#ownership;
    try {
      if (ownership.state === 'waiting' || ownership.state === 'trying') {
        throw new RegistrationError('NOT_REGISTERED', 'another process has registered it');
      }
      const timeoutMs = Math.min(HAND_OVER_MS, (wait?.timeoutMs ?? HAND_OVER_MS) * HAND_OVER_SHARE);
      const isHandedOver = await ownership.handOver(timeoutMs);
      if (isHandedOver) this.#options.logger.info(`${this.#label} goes on in another process`);
      await this.#options.naming.deregister(this.#service, instance, wait);
    } finally {
      await ownership.close();
    }
  }

  async #own(instance: InstanceInput): Promise<Ownership> {
    const { registry, namespace, logger, own } = this.#options;
    const { name: service, group } = this.#service;
    const key = { registry, namespace, group, service, ip: instance.ip, port: instance.port };
    const { createOwnership } = await import('./ownership.js');
    const ownership = own?.(key) ?? createOwnership(key, { logger, clock: this.#clock });
    ownership.onLost(() => runInBackground(this.#lost(ownership)));
    return ownership;
  }

  /** Out again, and back in when it is our turn; the registrar need not know. */
  async #lost(ownership: Ownership): Promise<void> {
    const { naming, logger } = this.#options;
    const instance = this.#wanted;
    if (instance === undefined) return;
    try {
      await naming.deregister(this.#service, instance, { holdsProcess: false });
      await ownership.owned();
      const wanted = this.#wanted;
      if (wanted === undefined) return;
      await naming.register(this.#service, wanted, { holdsProcess: false });
      ownership.confirm();
    } catch (error) {
      // Closed meanwhile, or Nacos is away: the naming client keeps the wish.
      logger.debug(`${this.#label}: ${asError(error).message}`);
    }
  }
}
