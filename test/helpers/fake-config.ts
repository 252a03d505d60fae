/**
 * A config center in memory for unit tests: contents are set by the test, listeners are told at once, and reads can fail. It knows only what settings use;
 * anything else of ConfigApi throws.
 */
import { createHash } from 'node:crypto';

import type {
  ConfigApi,
  ConfigKey,
  ConfigListener,
  ConfigSource,
  ConfigSubscription,
  ConfigVersion,
} from '../../src/config-api.js';

interface Held {
  readonly listener: ConfigListener;
  readonly key: ConfigKey;
}

export class FakeConfig {
  readonly #contents = new Map<string, ConfigVersion>();
  readonly #failures = new Map<string, Error>();
  readonly #held = new Set<Held>();
  /** Data ids that were read, in order. */
  readonly reads: string[] = [];
  /** Each read waits for this. */
  gate: Promise<unknown> = Promise.resolve();

  get api(): ConfigApi {
    const own = {
      get: async (
        dataId: string,
        group = 'DEFAULT_GROUP',
        options: { signal?: AbortSignal } = {},
      ) => {
        this.reads.push(dataId);
        await this.gate;
        options.signal?.throwIfAborted();
        const failure = this.#failures.get(`${group}/${dataId}`);
        if (failure !== undefined) throw failure;
        return this.#contents.get(`${group}/${dataId}`);
      },
      listen: (dataId: string, group = 'DEFAULT_GROUP', listener?: ConfigListener) =>
        this.#listen({ namespace: 'public', group, dataId }, listener ?? (() => undefined)),
    };
    return new Proxy(own as unknown as ConfigApi, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (value === undefined) throw new Error(`FakeConfig has no ${String(name)}`);
        return value;
      },
    });
  }

  /** How many listen, to a data id or at all. */
  listeners(dataId?: string): number {
    return [...this.#held].filter(({ key }) => dataId === undefined || key.dataId === dataId)
      .length;
  }

  /** Publishes, and waits until the listeners are through. */
  async put(
    dataId: string,
    content: string,
    more: { group?: string; type?: string; source?: ConfigSource } = {},
  ): Promise<void> {
    const { group = 'DEFAULT_GROUP', type = 'text', source = 'server' } = more;
    const version: ConfigVersion = {
      namespace: 'public',
      group,
      dataId,
      content,
      type,
      md5: createHash('md5').update(content).digest('hex'),
      lastModifiedMs: 0,
      source,
    };
    this.#failures.delete(`${group}/${dataId}`);
    this.#contents.set(`${group}/${dataId}`, version);
    await this.#tell(dataId, group);
  }

  async remove(dataId: string, group = 'DEFAULT_GROUP'): Promise<void> {
    this.#contents.delete(`${group}/${dataId}`);
    await this.#tell(dataId, group);
  }

  /** From now on reads of it fail; `put` ends that. */
  fail(dataId: string, error: Error, group = 'DEFAULT_GROUP'): void {
    this.#failures.set(`${group}/${dataId}`, error);
  }

  /** Tells the same content again, as after a reconnect. */
  async #tell(dataId: string, group: string): Promise<void> {
    for (const { listener, key } of [...this.#held]) {
      if (key.dataId !== dataId || key.group !== group) continue;
      await listener(this.#contents.get(`${group}/${dataId}`), key);
    }
  }

  #listen(key: ConfigKey, listener: ConfigListener): ConfigSubscription {
    const held = { key, listener };
    this.#held.add(held);
    const version = this.#contents.get(`${key.group}/${key.dataId}`);
    if (version !== undefined) void listener(version, key);
    const close = async (): Promise<void> => {
      this.#held.delete(held);
      return Promise.resolve();
    };
    return {
      key,
      state: 'live',
      current: version,
      ready: () => Promise.resolve(version),
      close,
      [Symbol.asyncDispose]: close,
      [Symbol.asyncIterator]: () => {
        throw new Error('FakeConfig iterates nothing');
      },
    };
  }
}
