/**
 * Owns where a `get` looks: first the operator's file, then the server, then the copy on disk of what the server had. Called by the config
 * client. The copy is used when the server does not answer, at once while it is known to be away, and never when it refused us
 * (docs/protocol.md#trap-17).
 */
import type { ConfigKey, ConfigVersion, GetConfigOptions } from '../config-api.js';
import {
  AuthError,
  ClosedError,
  ConfigError,
  isNacosError,
  RequestTimeoutError,
} from '../errors.js';
import type { Logger } from '../logger.js';
import type { Session } from '../remote/session.js';
import type { Clock } from '../util/clock.js';
import { asError, createDeferred, waitWithin } from '../util/deferred.js';
import type { ConfigReader } from './config-reader.js';
import type { OperatorFiles } from './operator-files.js';

export interface ConfigLookupParts {
  readonly session: Pick<Session, 'state' | 'onState' | 'start'>;
  readonly reader: ConfigReader;
  readonly files: OperatorFiles | undefined;
  /** Whether copies are kept. */
  readonly hasCopies: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

export class ConfigLookup {
  readonly #parts: ConfigLookupParts;
  #saidCopy = false;

  constructor(parts: ConfigLookupParts) {
    this.#parts = parts;
  }

  async get(key: ConfigKey, options: GetConfigOptions): Promise<ConfigVersion | undefined> {
    const { session, reader, files, hasCopies } = this.#parts;
    session.start();
    const { tag } = options;
    if (tag !== undefined) return reader.read(key, options, tag);
    if (files !== undefined) {
      if (!files.isReady) await this.#inTime(files.ready(), 'failoverDir was not read', options);
      const version = files.of(key);
      if (version !== undefined) return version;
    }
    if (!hasCopies) return reader.read(key, options);
    return this.#getOrCopy(key, options);
  }

  /** A folder may be a mount that hangs. */
  #inTime<T>(promise: Promise<T>, what: string, options: GetConfigOptions): Promise<T> {
    const { clock, requestTimeoutMs } = this.#parts;
    const timeoutMs = options.timeoutMs ?? requestTimeoutMs;
    return waitWithin(promise, {
      clock,
      timeoutMs,
      signal: options.signal,
      holdsProcess: options.holdsProcess ?? true,
      onTimeout: () => new RequestTimeoutError(`${what} within ${String(timeoutMs)} ms`),
    });
  }

  async #getOrCopy(key: ConfigKey, options: GetConfigOptions): Promise<ConfigVersion | undefined> {
    const { session, reader } = this.#parts;
    let copy: ConfigVersion | undefined;
    if (session.state !== 'ready') {
      copy = await this.#copyOf(key, options);
      // Without a copy there is nothing better to do than to wait for the server.
      if (copy !== undefined && (await this.#isAway(options))) return this.#useCopy(copy, 'away');
    }
    try {
      const version = await reader.read(key, options);
      this.#saidCopy = false;
      return version;
    } catch (error) {
      if (!mayUseCopy(error, options.signal)) throw error;
      copy ??= await this.#copyOf(key, options);
      if (copy === undefined) throw error;
      return this.#useCopy(copy, asError(error).message);
    }
  }

  #copyOf(key: ConfigKey, options: GetConfigOptions): Promise<ConfigVersion | undefined> {
    return this.#inTime(this.#parts.reader.copyOf(key), 'the copy on disk was not read', options);
  }

  /** Whether an attempt to connect has failed, which does not take long mostly. Also when there was no time to find out. */
  async #isAway(options: GetConfigOptions): Promise<boolean> {
    const { session, clock, requestTimeoutMs } = this.#parts;
    const settled = createDeferred<void>();
    const look = (): void => {
      if (session.state !== 'connecting') settled.resolve();
    };
    const stop = session.onState(look);
    look();
    try {
      await waitWithin(settled.promise, {
        clock,
        timeoutMs: options.timeoutMs ?? requestTimeoutMs,
        signal: options.signal,
        holdsProcess: options.holdsProcess ?? true,
        onTimeout: () => new ClosedError('no connection in time'),
      });
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
    } finally {
      stop();
    }
    return session.state !== 'ready' && session.state !== 'closed';
  }

  #useCopy(copy: ConfigVersion, why: string): ConfigVersion {
    const { logger } = this.#parts;
    const text = `config ${copy.group}/${copy.dataId}: Nacos cannot be asked (${why}); the copy on disk is used`;
    if (this.#saidCopy) logger.debug(text);
    else logger.warn(text);
    this.#saidCopy = true;
    return copy;
  }
}

function mayUseCopy(error: unknown, signal: AbortSignal | undefined): boolean {
  if (!isNacosError(error) || signal?.aborted === true) return false;
  return !(
    error instanceof AuthError ||
    error instanceof ConfigError ||
    error instanceof ClosedError
  );
}
