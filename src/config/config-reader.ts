/**
 * Owns reading one config from the server, or its copy from disk. Called by the lookup and by the listening. That there is none is an answer and no
 * failure; that it is being written is asked again shortly after. What is new is copied to disk on the way, as it is stored.
 */
import type { ConfigKey, ConfigSource, ConfigVersion } from '../config-api.js';
import { ServerError } from '../errors.js';
import type { RequestBounds, Session } from '../remote/session.js';
import type { Clock } from '../util/clock.js';
import { delay } from '../util/deferred.js';
import {
  CONFIG_BEING_CHANGED,
  CONFIG_NOT_FOUND,
  CONFIG_QUERY_REQUEST,
  configQueryBody,
  readConfigContent,
} from '../wire/messages/config.js';
import type { ConfigCiphers } from './ciphers.js';
import type { ConfigCopies } from './config-copies.js';
import { md5Of, versionOf, type StoredConfig } from './versions.js';

export interface ConfigReaderParts {
  readonly session: Pick<Session, 'request'>;
  readonly clock: Clock;
  readonly ciphers: ConfigCiphers;
  /** undefined: no copies are kept. */
  readonly copies: ConfigCopies | undefined;
}

const CHANGING_TRIES = 5;
const CHANGING_PAUSE_MS = 100;

export class ConfigReader {
  readonly #parts: ConfigReaderParts;

  constructor(parts: ConfigReaderParts) {
    this.#parts = parts;
  }

  /** undefined: there is none. @throws what the session throws; ConfigError NO_CIPHER, CIPHER_FAILED */
  async read(
    key: ConfigKey,
    bounds: RequestBounds,
    tag?: string,
  ): Promise<ConfigVersion | undefined> {
    const stored = await this.#ask(key, bounds, tag);
    if (tag === undefined) this.#parts.copies?.save(key, stored);
    return stored === undefined ? undefined : this.open(key, stored, 'server');
  }

  /** What the server had when it was asked last. undefined: that is not known. @throws ConfigError NO_CIPHER, CIPHER_FAILED */
  async copyOf(key: ConfigKey): Promise<ConfigVersion | undefined> {
    const stored = await this.#parts.copies?.read(key);
    return stored === undefined ? undefined : this.open(key, stored, 'snapshot');
  }

  async #ask(
    key: ConfigKey,
    bounds: RequestBounds,
    tag: string | undefined,
  ): Promise<StoredConfig | undefined> {
    const { session, clock } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const body = configQueryBody(key, tag);
        const stored = readConfigContent(await session.request(CONFIG_QUERY_REQUEST, body, bounds));
        return { ...stored, md5: md5Of(stored.content) };
      } catch (error) {
        if (isTyped(error, CONFIG_NOT_FOUND)) return undefined;
        if (!isTyped(error, CONFIG_BEING_CHANGED) || attempt >= CHANGING_TRIES) throw error;
        await delay(clock, CHANGING_PAUSE_MS, {
          signal: bounds.signal,
          holdsProcess: bounds.holdsProcess ?? true,
        });
      }
    }
  }

  /** As users read it. @throws ConfigError NO_CIPHER, CIPHER_FAILED */
  open(
    key: ConfigKey,
    stored: StoredConfig,
    source: ConfigSource,
  ): ConfigVersion | Promise<ConfigVersion> {
    const content = this.#parts.ciphers.open(key, stored);
    return typeof content === 'string'
      ? versionOf(key, stored, content, source)
      : content.then((text) => versionOf(key, stored, text, source));
  }
}

/** In the response class of the query: the same numbers mean something else in an ErrorResponse (docs/protocol.md#trap-5). */
function isTyped(error: unknown, errorCode: number): boolean {
  return (
    error instanceof ServerError &&
    error.code === 'SERVER_FAILED' &&
    error.errorCode === errorCode &&
    error.details['untyped'] === false
  );
}
