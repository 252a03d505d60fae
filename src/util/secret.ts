/**
 * Owns a text that must not be seen: a password, a key, a document with keys. Made where options are read, and opened only where the text
 * goes onto the wire. Printed, joined into a text, inspected or turned into JSON it is `***`.
 */
import { inspect } from 'node:util';

export const MASK = '***';

/** A text that prints as `***`; `reveal()` gives the text itself. */
export class Secret {
  readonly #text: string;

  /** `text` is what must not be seen. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself; for who signs or logs in with it. */
  reveal(): string {
    return this.#text;
  }

  /** `***` */
  toString(): string {
    return MASK;
  }

  /** `***` */
  toJSON(): string {
    return MASK;
  }

  /** `***` */
  [inspect.custom](): string {
    return MASK;
  }
}

/** What code may give where a secret is wanted. */
export type SecretText = string | Secret;

export function reveal(secret: SecretText): string {
  return typeof secret === 'string' ? secret : secret.reveal();
}

/** Also for one of a second copy of this package. */
export function isSecret(value: unknown): value is Secret {
  return (
    typeof value === 'object' &&
    value !== null &&
    'reveal' in value &&
    typeof value.reveal === 'function'
  );
}
