/**
 * Owns one source: reading its content at the start, following it, and what its content means. Used by `settings.ts`, which decides what counts. It keeps
 * three failures apart: there is none, nobody answers, its content cannot be read.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ConfigApi, ConfigSource } from '../config-api.js';
import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import type { Clock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import type { SourceContent } from './effective.js';
import { ContentError } from './formats/content-error.js';
import { formatOfType, readContent } from './formats/content.js';
import type { SourcePlan } from './source-list.js';

/** A content as it is stored; undefined: there is none. */
export interface Stored {
  readonly text: string;
  readonly from: ConfigSource | undefined;
  readonly md5: string | undefined;
  /** As Nacos names it; '' for a file. */
  readonly type: string;
}

export type Reading =
  | { readonly state: 'loaded'; readonly content: SourceContent; readonly stored: Stored }
  | {
      readonly state: 'missing' | 'unreachable' | 'broken';
      /** One line, without any content. */
      readonly problem: string;
      readonly stored: Stored | undefined;
      readonly cause: unknown;
    };

export interface SourceParts {
  readonly config: Pick<ConfigApi, 'get' | 'listen'>;
  /** What relative paths start at; undefined: the working directory. */
  readonly cwd: string | undefined;
  readonly profiles: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A file of a developer's machine; there is no push for it. */
const FILE_POLL_MS = 1000;

export class Source {
  readonly plan: SourcePlan;
  readonly #parts: SourceParts;
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(plan: SourcePlan, parts: SourceParts) {
    this.plan = plan;
    this.#parts = parts;
  }

  /** Never rejects but by the signal. */
  async read(bounds: WaitOptions): Promise<Reading> {
    let stored: Stored | undefined;
    try {
      stored = await this.#fetch(bounds);
    } catch (error) {
      bounds.signal?.throwIfAborted();
      const problem = `${this.plan.name} cannot be read: ${asError(error).message}`;
      // It was there, and cannot be decrypted; or its name is none.
      const isAnswered = isNacosError(error) && error.name === 'ConfigError';
      const state = isAnswered ? 'broken' : 'unreachable';
      return { state, problem, stored: undefined, cause: error };
    }
    return this.understand(stored);
  }

  /** Never rejects. */
  async understand(stored: Stored | undefined): Promise<Reading> {
    const { name } = this.plan;
    if (stored === undefined) {
      return { state: 'missing', problem: `${name} is missing`, stored, cause: undefined };
    }
    const format = this.plan.format ?? formatOfType(stored.type) ?? 'properties';
    try {
      const { tree, unsafe } = await readContent(stored.text, {
        format,
        key: this.plan.key,
        profiles: this.#parts.profiles,
      });
      if (unsafe.length > 0) {
        this.#parts.logger.warn(`${name}: keys that could reach a prototype are left out`);
      }
      const isText = format === 'text';
      const isTextOnly = isText || format === 'properties';
      return {
        state: 'loaded',
        content: { name, tree, isTextOnly, isLiteral: isText },
        stored,
      };
    } catch (error) {
      const why = error instanceof ContentError ? error.message : 'it cannot be read';
      return { state: 'broken', problem: `${name} is broken: ${why}`, stored, cause: error };
    }
  }

  /** Calls back with each content from now on, and with that of now. */
  follow(changed: (stored: Stored | undefined) => void): void {
    if (!this.plan.refresh) return;
    if (this.plan.kind === 'file') {
      this.#followFile(changed);
      return;
    }
    const { config } = this.#parts;
    const subscription = config.listen(this.plan.id, this.plan.group, (version) => {
      changed(
        version && {
          text: version.content,
          from: version.source,
          md5: version.md5,
          type: version.type,
        },
      );
    });
    this.#stop = () => subscription.close();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const stop = this.#stop;
    this.#stop = () => Promise.resolve();
    await stop();
  }

  async #fetch(bounds: WaitOptions): Promise<Stored | undefined> {
    if (this.plan.kind === 'file') return this.#readFile();
    const version = await this.#parts.config.get(this.plan.id, this.plan.group, bounds);
    if (version === undefined) return undefined;
    const { content, source, md5, type } = version;
    return { text: content, from: source, md5, type };
  }

  async #readFile(): Promise<Stored | undefined> {
    try {
      const text = await readFile(path.resolve(this.#parts.cwd ?? '', this.plan.id), 'utf8');
      return { text, from: undefined, md5: undefined, type: '' };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  #followFile(changed: (stored: Stored | undefined) => void): void {
    const look = async (): Promise<void> => {
      try {
        changed(await this.#readFile());
      } catch {
        // Not readable for a moment, as while an editor replaces it: the next look tells.
      }
    };
    const timer = this.#parts.clock.every(FILE_POLL_MS, () => runInBackground(look()));
    this.#stop = () => {
      timer.cancel();
      return Promise.resolve();
    };
  }
}
