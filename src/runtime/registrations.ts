/**
 * Owns all registrations of a process: the one that is found by itself, and those that code asked for. Used by the process runtime, which feeds it
 * with servers. As soon as code registers a server, nothing is registered by itself any more: two ways in register once. What code asks for
 * has options of its own, and so perhaps another client (client-pool.ts).
 */
import type { Server } from 'node:net';

import { RegistrationError } from '../errors.js';
import type { WaitOptions } from '../naming-api.js';
import type {
  InstanceChange,
  ListeningServer,
  ProcessHub,
  RegistrationStatus,
  ServerRegistration,
} from '../process-hub.js';
import type { Registrar } from '../registration/registrar-options.js';
import type { RemoveOptions } from '../registration/registration-options.js';
import { runInBackground } from '../util/deferred.js';

export interface RegistrationsOptions {
  readonly hub: Pick<ProcessHub, 'servers' | 'keep'>;
  /** undefined: this process registers nothing by itself. */
  readonly automatic: Registrar | undefined;
  /** For a server that code registers; `code` are its options. @throws ConfigError */
  readonly explicit: (server: Server, code: object) => Registrar;
  /** Takes out what this server has in the registry and waits until its callers know; undefined when it has nothing there. */
  readonly closing: (server: ListeningServer) => Promise<void> | undefined;
  /** Something is wanted in the registry now, or nothing any more. */
  readonly onActive: (active: boolean) => void;
}

interface Explicit {
  readonly server: Server;
  readonly registrar: Registrar;
  readonly handle: ServerRegistration;
}

export class Registrations {
  readonly #options: RegistrationsOptions;
  readonly #explicit = new Map<object, Explicit>();
  readonly #activeOnes = new Set<Registrar>();
  /** Code has registered something: from then on the automatic one has had its day. */
  #yielded = false;
  /** What the process says of itself counts for what code registers later, too. */
  #isReady = true;
  /** Closed by code and on their way out: their server may be registered anew meanwhile. */
  readonly #going = new Set<Registrar>();
  /** Servers that code registers, or has registered. */
  readonly #byCode = new WeakSet();

  constructor(options: RegistrationsOptions) {
    this.#options = options;
    if (options.automatic !== undefined) this.#follow(options.automatic);
  }

  get all(): readonly RegistrationStatus[] {
    return this.#registrars.flatMap(({ registrations }) => registrations);
  }

  async look(options?: WaitOptions): Promise<readonly RegistrationStatus[]> {
    return (await Promise.all(this.#registrars.map((each) => each.look(options)))).flat();
  }

  /** This server is registered, will be or was; not one that another was preferred to. */
  serves(server: object): boolean {
    return this.#byCode.has(server) || this.#options.automatic?.serves(server) === true;
  }

  get wantsRequests(): boolean {
    return this.#registrars.some((registrar) => registrar.wantsRequests);
  }

  serverUp(server: ListeningServer): void {
    this.#registrarOf(server)?.serverUp(server);
  }

  serverDown(server: ListeningServer): void {
    for (const registrar of this.#registrars) registrar.serverDown(server);
  }

  requestSeen(): void {
    for (const registrar of this.#registrars) registrar.requestSeen();
  }

  setReady(ready: boolean): void {
    this.#isReady = ready;
    for (const registrar of this.#registrars) registrar.setReady(ready);
  }

  async leave(options?: RemoveOptions): Promise<boolean> {
    const told = await Promise.all(this.#registrars.map((each) => each.leave(options)));
    return told.includes(true);
  }

  leaveServer(server: ListeningServer, options?: RemoveOptions): Promise<boolean> | undefined {
    const left = this.#registrars.flatMap((each) => each.leaveServer(server, options) ?? []);
    return left.length === 0 ? undefined : Promise.all(left).then((told) => told.includes(true));
  }

  /** The same server twice is one registration, with the options of the first. @throws ConfigError */
  register(server: Server, code: object): ServerRegistration {
    const known = this.#explicit.get(server);
    if (known !== undefined) return known.handle;
    const registrar = this.#options.explicit(server, code);
    if (!this.#isReady) registrar.setReady(false);
    const handle = this.#handleOf(server, registrar);
    this.#explicit.set(server, { server, registrar, handle });
    this.#byCode.add(server);
    this.#follow(registrar);
    this.#yieldTo(registrar);
    this.#options.hub.keep(server);
    const listening = this.#options.hub.servers.get(server);
    if (listening !== undefined) registrar.serverUp(listening);
    return handle;
  }

  async change(
    change: InstanceChange,
    options: WaitOptions & { readonly service?: string } = {},
  ): Promise<readonly RegistrationStatus[]> {
    const { service, ...wait } = options;
    const meant = this.#registrars.filter(({ registrations }) =>
      registrations.some((one) => service === undefined || one.service.name === service),
    );
    if (meant.length === 0) {
      const what = service === undefined ? 'nothing' : `no service ${service}`;
      throw new RegistrationError('NOT_REGISTERED', `${what} is registered by this process`);
    }
    // All or none: what one of them refuses is sent for none of them.
    for (const each of meant) each.check(change);
    const changed = await Promise.all(meant.map((each) => each.change(change, wait)));
    return changed.flat();
  }

  get #registrars(): readonly Registrar[] {
    const { automatic } = this.#options;
    const named = [...this.#explicit.values()].map(({ registrar }) => registrar);
    const explicit = [...named, ...this.#going];
    return automatic === undefined ? explicit : [automatic, ...explicit];
  }

  #registrarOf({ server }: ListeningServer): Registrar | undefined {
    const explicit = this.#explicit.get(server)?.registrar;
    return explicit ?? (this.#yielded ? undefined : this.#options.automatic);
  }

  #follow(registrar: Registrar): void {
    registrar.onActive((active) => {
      if (active) this.#activeOnes.add(registrar);
      else this.#activeOnes.delete(registrar);
      this.#options.onActive(this.#activeOnes.size > 0);
    });
  }

  /** What was registered by itself stays until the other one is decided, so that the same row has no gap. */
  #yieldTo(registrar: Registrar): void {
    const { automatic } = this.#options;
    if (automatic === undefined || this.#yielded) return;
    this.#yielded = true;
    if (automatic.registrations.length === 0) {
      runInBackground(automatic.yieldTo(undefined));
      return;
    }
    const stop = registrar.onChange(() => {
      const [identity] = registrar.registrations;
      if (identity === undefined) return;
      stop();
      runInBackground(automatic.yieldTo(identity));
    });
  }

  #handleOf(server: Server, registrar: Registrar): ServerRegistration {
    let closing: Promise<void> | undefined;
    const forget = async (): Promise<void> => {
      const listening = this.#options.hub.servers.get(server);
      const left = listening === undefined ? undefined : this.#options.closing(listening);
      this.#explicit.delete(server);
      this.#going.add(registrar);
      await left;
      await registrar.close();
      this.#going.delete(registrar);
    };
    const close = (): Promise<void> => (closing ??= forget());
    return {
      get status() {
        return registrar.registrations[0];
      },
      registered: (wait) => registrar.registered(wait),
      async change(change, wait) {
        const [status] = await registrar.change(change, wait);
        if (status !== undefined) return status;
        throw new RegistrationError('NOT_REGISTERED', 'this server is not registered');
      },
      setReady: (ready) => registrar.setReady(ready),
      close,
      [Symbol.asyncDispose]: close,
    };
  }
}
