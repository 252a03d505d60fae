/**
 * Owns what a session tells: its state, who is called back when that changes, and the channels `connection` and `request` of
 * `nacos-serving/diagnostics`. Used by the session alone, which decides what the state is. Nothing is built for a channel without subscribers, and
 * no listener can break the connection.
 */
import { channel } from 'node:diagnostics_channel';

import { CHANNELS, type AboutConnection, type ConnectionMessage } from '../diagnostics.js';
import { isNacosError } from '../errors.js';
import { answerLiveFacts } from '../live-facts.js';
import type { Logger } from '../logger.js';
import type { ConnectionState } from '../naming-api.js';
import type { Clock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import type { Identity } from './handshake.js';
import type { Endpoint } from './transport.js';

const connectionChannel = channel(CHANNELS.connection);
const requestChannel = channel(CHANNELS.request);

export interface SessionNewsOptions {
  readonly identity: Pick<Identity, 'module' | 'namespace'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of a change besides the state. */
export interface StateFacts {
  /** The server that it is about. Default: the one of the last change. */
  readonly endpoint?: Endpoint | undefined;
  readonly epoch: number;
  readonly reason?: string | undefined;
}

export class SessionNews {
  readonly #options: SessionNewsOptions;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #state: ConnectionState = 'idle';
  #endpoint: Endpoint | undefined;
  #stopAnswering = (): void => undefined;

  constructor(options: SessionNewsOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Listeners hear of another state only; the channel also of the next connection and of each attempt that failed. */
  change(state: ConnectionMessage['state'], facts: StateFacts): void {
    const before = this.#state;
    if (before === 'closed') return;
    this.#state = state;
    this.#endpoint = facts.endpoint ?? this.#endpoint;
    if (before === 'idle') {
      const { module } = this.#options.identity;
      this.#stopAnswering = answerLiveFacts((tell) =>
        tell({ kind: 'connection', module, state: this.#state }),
      );
    }
    if (state === 'closed') this.#stopAnswering();
    if (connectionChannel.hasSubscribers) {
      const { epoch, reason } = facts;
      connectionChannel.publish({ ...this.#about(), state, epoch, reason });
    }
    if (before === state) return;
    for (const listener of [...this.#listeners]) {
      runInBackground(this.call(() => listener(state)));
    }
  }

  /** The same promise while nobody wants to know. */
  request<T>(type: string, answer: Promise<T>): Promise<T> {
    return requestChannel.hasSubscribers ? this.#follow(type, answer) : answer;
  }

  /** Listeners may be a user's: what they throw must not break the connection. */
  async call(listener: () => unknown): Promise<void> {
    try {
      await listener();
    } catch (error) {
      this.#options.logger.error(`a listener of the connection failed: ${asError(error).message}`);
    }
  }

  /** Nobody is called back any more. */
  clear(): void {
    this.#listeners.clear();
  }

  async #follow<T>(type: string, answer: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const startedMs = clock.nowMs();
    let failure: unknown;
    try {
      return await answer;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      const code = isNacosError(failure) ? failure.code : undefined;
      const isGivenUp = code === undefined || code === 'CLOSED';
      requestChannel.publish({
        ...this.#about(),
        type,
        tookMs: clock.nowMs() - startedMs,
        outcome: failure === undefined ? 'answered' : isGivenUp ? 'abandoned' : 'failed',
        code,
      });
    }
  }

  #about(): AboutConnection {
    const { module, namespace } = this.#options.identity;
    return { module, namespace, host: this.#endpoint?.host, port: this.#endpoint?.port };
  }
}
