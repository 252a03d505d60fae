/**
 * Owns what a registrar is given and what it offers. Read by the runtime, which makes one registrar for the servers that are found
 * by themselves and one for each server that code registers, and by the shutdown. Types only.
 */
import type { ServiceRef } from '../model.js';
import type { WaitOptions } from '../naming-api.js';
import type { InstanceChange, ListeningServer, RegistrationStatus } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import type { Logger } from '../logger.js';
import type { AddressDecision } from './identity/address.js';
import type { NameDecision } from './identity/name.js';
import type { PortHints } from './identity/port.js';
import type { RegistryAddress } from './identity/route.js';
import type { ProbeOwnServer } from './http-probe.js';
import type { ReadinessOptions } from './readiness.js';
import type { RetryOptions } from './retry-policy.js';
import type { RegistrationNaming, RemoveOptions } from './registration-options.js';

export interface RegistrarOptions {
  readonly naming: RegistrationNaming;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log only. */
  readonly registry: readonly RegistryAddress[];
  /** For the status only. Default `public`. */
  readonly namespace?: string;
  /** Asked when a server has been chosen. @throws RegistrationError */
  readonly name: () => NameDecision;
  /** Asked when a server has been chosen, with what it is bound to. @throws RegistrationError */
  readonly address: (boundHost: string) => Promise<AddressDecision>;
  readonly port?: PortHints;
  readonly service?: ServiceLabels;
  /** Code asked for this very server: there is no choosing, the one that comes up is registered. Default false. */
  readonly explicit?: boolean;
  /** With what a server is registered: as it listens, with the first request of the process, or (unless `explicit`) not at all. Default `startup`. */
  readonly when?: RegistrationMoment;
  readonly readiness?: ReadinessOptions;
  readonly retry?: RetryOptions;
  /** `registration.fail_fast`: called once, when the attempts of `retry` are used up or there is no way at all. */
  readonly onGiveUp?: (reason: string) => void;
  /** `registration.show_detection`: gets one line for each name, port and address that was looked at. */
  readonly showDetection?: (line: string) => void;
  /** Asks the app's own server for `readiness.path`. Default: over a socket; tests give their own. */
  readonly probe?: ProbeOwnServer;
}

export type RegistrationMoment = 'startup' | 'request' | 'never';

/** Fields of the options as they are; what is missing has Nacos' default. */
export interface ServiceLabels {
  readonly group?: string;
  readonly cluster?: string;
  readonly weight?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Whose registration takes over. */
export interface RegistrationIdentity {
  readonly service: ServiceRef;
  readonly ip: string;
  readonly port: number;
}

export interface Registrar extends AsyncDisposable {
  /**
   * As last seen in the registry; reading it has the registry asked anew in the background, at most every 5 s. Those that wait
   * for an identity are not in it.
   */
  readonly registrations: readonly RegistrationStatus[];
  /** This server was chosen as the service, now or before; one that was passed over is not. */
  serves(server: object): boolean;
  /** The first request of the process is waited for. */
  readonly wantsRequests: boolean;
  /** Idempotent for the same server and port. */
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  /** The first request has come in. Idempotent. */
  requestSeen(): void;
  /** Calls back with true when something is wanted in the registry, with false when nothing is any more. */
  onActive(listener: (active: boolean) => void): () => void;
  /** Calls back when `registrations` has changed. */
  onChange(listener: () => void): () => void;
  /** The user's part of the readiness. Shut after it was open: the instance is disabled until it opens again. */
  setReady(ready: boolean): void;
  /** What would then have been asked for in all; nothing is changed. @throws ConfigError INVALID_INSTANCE, ClosedError */
  check(change: InstanceChange): InstanceChange;
  /**
   * Changes every registration, now and those to come, and resolves once the server has confirmed it. Changes are carried out in the
   * order of their calls. What an operator has set in the registry counts more there: `problem` of the status says so.
   * @throws ConfigError INVALID_INSTANCE before anything is sent, RequestTimeoutError (10 s; the wish stands), ClosedError
   */
  change(change: InstanceChange, options?: WaitOptions): Promise<readonly RegistrationStatus[]>;
  /**
   * Resolves when the server has confirmed a registration; 10 s by default.
   * @throws RegistrationError, ConfigError when there is no way, RequestTimeoutError, ClosedError
   */
  registered(options?: WaitOptions): Promise<RegistrationStatus>;
  /** Asks the registry now, past what was seen before; what cannot be asked is given as it was. Never rejects but by the signal. */
  look(options?: WaitOptions): Promise<readonly RegistrationStatus[]>;
  /** Takes out what this server has in the registry; true as with `leave`. undefined when it has nothing there. Never rejects. */
  leaveServer(server: ListeningServer, options?: RemoveOptions): Promise<boolean> | undefined;
  /**
   * Code registers a server of this process itself: nothing is registered by itself any more. What has this identity is left to
   * the other (its client must be the same), everything else is taken out.
   */
  yieldTo(identity: RegistrationIdentity | undefined): Promise<void>;
  /** Takes out everything. True when the server confirmed it, so that callers will hear of it. Bounded, never rejects. */
  leave(options?: RemoveOptions): Promise<boolean>;
  /** Like `leave`, and registers nothing any more. */
  close(): Promise<void>;
}
