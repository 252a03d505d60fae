/**
 * Owns what one registration is given. Read by the registrar, which makes them. Types only.
 */
import type { NacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { InstanceInput, ServiceRef } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import type { InstanceChange } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import type { Readiness } from './readiness.js';
import type { RetryPolicy } from './retry-policy.js';

/** What of the naming client a registration uses. */
export type RegistrationNaming = Pick<
  NamingApi,
  'register' | 'deregister' | 'query' | 'connectionState' | 'onConnectionState'
>;

export interface RegistrationOptions {
  readonly naming: RegistrationNaming;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespace: string;
  readonly service: ServiceRef;
  readonly instance: InstanceInput;
  /** What was asked for at run time before. */
  readonly change: InstanceChange;
  /** Where and why, for the log: `at 127.0.0.1:8848: name from ..., address of ...`. */
  readonly reasons: string;
  /** Registered while it is not ready, but disabled. */
  readonly registerDisabled: boolean;
  readonly readiness: Readiness;
  readonly retry: RetryPolicy;
  /** Called after anything of the status has changed. */
  readonly onChange: () => void;
  /** It can never be registered, which has been said. */
  readonly onNoWay: (error: NacosError) => void;
}

export interface RemoveOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the server's answer. Default 1500. */
  readonly timeoutMs?: number;
}

export interface StartOptions {
  /** The first request of the process has not come in yet. */
  readonly waitsForRequest: boolean;
  /** Another registration has left its row in the registry to this one. */
  readonly takesOver: boolean;
}
