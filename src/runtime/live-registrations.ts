/**
 * Owns how changed options reach what is registered: weight and metadata of each registrar. Used by the process runtime for `config.watch`. It sends what differs from the
 * options before, so that what code or a command has changed meanwhile stays until the option changes again: the last wish counts.
 */
import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ResolvedOptions } from '../options/schema.js';
import type { InstanceChange } from '../process-hub.js';
import type { Registrar } from '../registration/registrar-options.js';
import { asError, runInBackground } from '../util/deferred.js';

type Labels = Pick<ResolvedOptions['service'], 'weight' | 'metadata'>;

interface Known {
  readonly registrar: Registrar;
  /** Options that code gave for it. */
  readonly code: object | undefined;
  labels: Labels;
}

export class LiveRegistrations {
  readonly #logger: Logger;
  readonly #known = new Set<Known>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(registrar: Registrar, code: object | undefined, options: ResolvedOptions): void {
    this.#known.add({ registrar, code, labels: options.service });
  }

  /**
   * `optionsOf`: all options with those of this code. Gives the function that sends the changes, once nothing refuses them. @throws ConfigError
   * INVALID_INSTANCE
   */
  prepare(optionsOf: (code: object | undefined) => ResolvedOptions): () => void {
    const wanted: { readonly known: Known; readonly labels: Labels; change: InstanceChange }[] = [];
    for (const known of [...this.#known]) {
      const labels = optionsOf(known.code).service;
      const change = changeBetween(known.labels, labels);
      if (this.#mayChange(known, change)) wanted.push({ known, labels, change });
    }
    return () => {
      for (const { known, labels, change } of wanted) {
        known.labels = labels;
        if (Object.keys(change).length > 0) runInBackground(this.#send(known, change));
      }
    };
  }

  /** False: it is closed. */
  #mayChange(known: Known, change: InstanceChange): boolean {
    try {
      known.registrar.check(change);
      return true;
    } catch (error) {
      if (!isNacosError(error) || error.code !== 'CLOSED') throw error;
      this.#known.delete(known);
      return false;
    }
  }

  async #send({ registrar }: Known, change: InstanceChange): Promise<void> {
    try {
      await registrar.change(change);
    } catch (error) {
      // Kept there, and carried out when the registry answers again.
      this.#logger.warn(`a changed option: ${asError(error).message}`);
    }
  }
}

function changeBetween(before: Labels, after: Labels): InstanceChange {
  const metadata: [string, string | null][] = [];
  for (const key of new Set([...Object.keys(before.metadata), ...Object.keys(after.metadata)])) {
    const text = after.metadata[key];
    if (text !== before.metadata[key]) metadata.push([key, text ?? null]);
  }
  return {
    ...(before.weight === after.weight ? {} : { weight: after.weight }),
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
  };
}
