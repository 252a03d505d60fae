/**
 * Owns reading one config from the server. Called by the config client for `get` and by the listening. That there is none is an answer and no
 * failure; that it is being written is asked again shortly after.
 */
import type { ConfigKey, ConfigVersion } from '../config-api.js';
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
import { md5Of, versionOf } from './versions.js';

export interface ConfigReaderParts {
  readonly session: Pick<Session, 'request'>;
  readonly clock: Clock;
}

const CHANGING_TRIES = 5;
const CHANGING_PAUSE_MS = 100;

export class ConfigReader {
  readonly #parts: ConfigReaderParts;

  constructor(parts: ConfigReaderParts) {
    this.#parts = parts;
  }

  /** undefined: there is none. @throws what the session throws */
  async read(
    key: ConfigKey,
    bounds: RequestBounds,
    tag?: string,
  ): Promise<ConfigVersion | undefined> {
    const { session, clock } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await session.request(
          CONFIG_QUERY_REQUEST,
          configQueryBody(key, tag),
          bounds,
        );
        const stored = readConfigContent(answer);
        const { content } = stored;
        return versionOf(key, { ...stored, md5: md5Of(content) }, content, 'server');
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
