/**
 * Owns what code of the app may ask and change of the registrations of its own process, whichever way they came to be: by the command line, by
 * the preload, by a plugin or by `registerServer`. Used by users through the package's root. It makes no registration itself.
 */
import { RegistrationError } from '../errors.js';
import type { WaitOptions } from '../naming-api.js';
import type { InstanceChange, RegistrationStatus } from '../process-hub.js';
import { findHub, presentHub } from './hooks.js';

export interface ChangeOptions extends WaitOptions {
  /** Only the registration under this name. Default: all of this process. */
  readonly service?: string;
}

/** What this process has registered now; empty when there is nothing, or not yet. */
export function registrations(): readonly RegistrationStatus[] {
  return presentHub()?.runtime?.registrations ?? [];
}

/**
 * Changes what this process has registered, and resolves with the new state once Nacos has confirmed it:
 *
 *     await changeRegistration({ enabled: false }); // out of every caller's list; the process goes on
 *     await changeRegistration({ weight: 0.5, metadata: { canary: 'true', old: null } });
 *
 * @throws RegistrationError NOT_REGISTERED, ConfigError INVALID_INSTANCE, RequestTimeoutError (the wish stands)
 */
export async function changeRegistration(
  change: InstanceChange,
  options: ChangeOptions = {},
): Promise<readonly RegistrationStatus[]> {
  const runtime = presentHub()?.runtime;
  if (runtime === undefined) {
    throw new RegistrationError('NOT_REGISTERED', 'this process has registered nothing');
  }
  return runtime.change(change, options);
}

/**
 * Opens or shuts the readiness of this process. Shut before a server listens, nothing is registered until it opens; shut later, the instance takes
 * no traffic until it opens again. It starts open.
 */
export function setReady(ready: boolean): void {
  findHub().setReady(ready);
}
