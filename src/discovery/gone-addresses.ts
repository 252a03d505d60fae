/**
 * Owns who is told that addresses are called no more. Told by `entries.ts` what left the list of one service; the client hooks listen and close
 * sockets that are idle. An address that another service lists as well is not gone.
 */
import type { Logger } from '../logger.js';
import { hostPort, type InstanceAddress } from '../model.js';
import { asError } from '../util/deferred.js';

export type GoneListener = (addresses: readonly InstanceAddress[]) => void;

export class GoneAddresses {
  readonly #logger: Logger;
  readonly #listeners = new Set<{ readonly call: GoneListener }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns the function which stops it. */
  listen(listener: GoneListener): () => void {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** `isListed`: by `ip:port`, in any list in use. */
  tell(addresses: readonly InstanceAddress[], isListed: (key: string) => boolean): void {
    if (this.#listeners.size === 0) return;
    const gone = addresses.filter((address) => !isListed(hostPort(address)));
    if (gone.length === 0) return;
    for (const { call } of [...this.#listeners]) {
      try {
        call(gone);
      } catch (error) {
        // The others are told all the same, and the list is in use already.
        this.#logger.error(`idle connections were not closed: ${asError(error).message}`);
      }
    }
  }

  close(): void {
    this.#listeners.clear();
  }
}
