/**
 * Owns the configs: what was published, and what is served. Used by the config handlers, the HTTP side and the change
 * pushes, which are told when what is served changes. As on real servers a publish is confirmed before it is served:
 * a short moment later it shows in queries, and then the listeners are told. Kept over a restart fault. Beside its formal content a
 * config has gray ones, for some addresses (`beta`) or for who asks for a tag (`tag_…`), which the others never see.
 * Source: docs/protocol.md#config (Nacos `ConfigOperationService`, `ConfigCacheService`, `ConfigQueryChainService`).
 */
import { createHash } from 'node:crypto';

import type { Clock, Timer } from '../../util/clock.js';
import type { ConfigRef } from '../../wire/messages/config.js';
import { ConfigHistory } from './config-history.js';
import type { StoredConfig } from './stored-config.js';

export interface ConfigDraft {
  readonly ref: ConfigRef;
  readonly content: string;
  readonly contentType: string;
  readonly encryptedDataKey: string;
  readonly appName?: string;
}

/** For whom a gray content is: clients at these addresses, or who asks for this tag. */
export type Audience = { readonly ips: readonly string[] } | { readonly tag: string };

/** Who asks. */
export interface Asker {
  readonly ip: string;
  /** '' for none. */
  readonly tag: string;
}

export interface ConfigStoreOptions {
  readonly clock: Clock;
  /** From a confirmed write to its being served. */
  readonly dumpDelayMs: number;
}

interface Gray {
  readonly config: StoredConfig;
  readonly audience: Audience;
}

/** All contents of one config. */
interface Versions {
  readonly ref: ConfigRef;
  readonly formal: StoredConfig | undefined;
  /** By their names, `beta` and `tag_<tag>`. */
  readonly grays: ReadonlyMap<string, Gray>;
}

export const BETA = 'beta';
const NOBODY: Asker = { ip: '', tag: '' };

export class ConfigStore {
  readonly history: ConfigHistory;
  readonly #options: ConfigStoreOptions;
  readonly #stored = new Map<string, Versions>();
  readonly #served = new Map<string, Versions>();
  readonly #dumps = new Map<string, Timer>();
  readonly #changeListeners: ((ref: ConfigRef) => void)[] = [];

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
    this.history = new ConfigHistory(options.clock);
  }

  /** Called when other content is served than before, or none any more. */
  onChange(listener: (ref: ConfigRef) => void): void {
    this.#changeListeners.push(listener);
  }

  /**
   * `casMd5` '' writes in any case; else only over content with this md5, but also where there is none at all (trap 27).
   * @returns false when the md5 does not fit.
   */
  publish(draft: ConfigDraft, casMd5: string): boolean {
    const versions = this.#versions(draft.ref);
    const { formal } = versions;
    if (casMd5 !== '' && formal !== undefined && formal.md5 !== casMd5) return false;
    const config = this.#finish(draft);
    this.history.add(formal === undefined ? 'I' : 'U', formal ?? config, '');
    this.#store({ ...versions, formal: config });
    return true;
  }

  /** Replaces what the same audience had. */
  publishGray(draft: ConfigDraft, audience: Audience): void {
    const versions = this.#versions(draft.ref);
    const name = 'ips' in audience ? BETA : `tag_${audience.tag}`;
    const config = this.#finish(draft);
    const before = versions.grays.get(name)?.config;
    this.history.add(before === undefined ? 'I' : 'U', before ?? config, name);
    const grays = new Map(versions.grays).set(name, { config, audience });
    this.#store({ ...versions, grays });
  }

  /** Removing what is not there is fine (trap 27). Gray contents stay. */
  remove(ref: ConfigRef): void {
    const versions = this.#versions(ref);
    if (versions.formal === undefined) return;
    this.history.add('D', versions.formal, '');
    this.#store({ ...versions, formal: undefined });
  }

  /** By the name of the gray content. @returns false when there is none */
  removeGray(ref: ConfigRef, name: string): boolean {
    const versions = this.#versions(ref);
    const gray = versions.grays.get(name);
    if (gray === undefined) return false;
    this.history.add('D', gray.config, name);
    const grays = new Map(versions.grays);
    grays.delete(name);
    this.#store({ ...versions, grays });
    return true;
  }

  /** What a query sees: first a beta, then the tag, then what all see; and nothing for a tag that has nothing. */
  served(ref: ConfigRef, { ip, tag }: Asker = NOBODY): StoredConfig | undefined {
    const versions = this.#served.get(textOf(ref));
    if (versions === undefined) return undefined;
    const beta = versions.grays.get(BETA);
    if (beta !== undefined && 'ips' in beta.audience && beta.audience.ips.includes(ip)) {
      return beta.config;
    }
    return tag === '' ? versions.formal : versions.grays.get(`tag_${tag}`)?.config;
  }

  /** Those whose formal content is served. */
  servedRefs(): readonly ConfigRef[] {
    return [...this.#served.values()].flatMap(({ formal }) => formal?.ref ?? []);
  }

  /** md5 of what is served; '' for a config that is not there (trap 15). */
  servedMd5(ref: ConfigRef, asker?: Asker): string {
    return this.served(ref, asker)?.md5 ?? '';
  }

  /** The formal contents of a namespace, in order of group and data id. */
  list(namespace: string): readonly StoredConfig[] {
    return [...this.#stored.values()]
      .flatMap(({ formal }) => (formal?.ref.namespace === namespace ? [formal] : []))
      .sort((a, b) => order(a.ref.group, b.ref.group) || order(a.ref.dataId, b.ref.dataId));
  }

  /** How many configs of a namespace are stored. */
  count(namespace: string): number {
    return this.list(namespace).length;
  }

  namespaces(): readonly string[] {
    return [...new Set([...this.#stored.values()].map(({ ref }) => ref.namespace))].sort();
  }

  /** Stops the timers. */
  close(): void {
    for (const timer of this.#dumps.values()) timer.cancel();
    this.#dumps.clear();
  }

  #versions(ref: ConfigRef): Versions {
    return this.#stored.get(textOf(ref)) ?? { ref, formal: undefined, grays: new Map() };
  }

  #finish(draft: ConfigDraft): StoredConfig {
    return Object.freeze({
      appName: '',
      ...draft,
      md5: md5Of(draft.content),
      lastModifiedMs: this.#options.clock.wallMs(),
    });
  }

  #store(versions: Versions): void {
    const text = textOf(versions.ref);
    if (versions.formal === undefined && versions.grays.size === 0) this.#stored.delete(text);
    else this.#stored.set(text, versions);
    this.#dumpLater(versions.ref);
  }

  #dumpLater(ref: ConfigRef): void {
    const text = textOf(ref);
    if (this.#dumps.has(text)) return;
    const { clock, dumpDelayMs } = this.#options;
    this.#dumps.set(
      text,
      clock.after(dumpDelayMs, () => this.#dump(ref)),
    );
  }

  #dump(ref: ConfigRef): void {
    const text = textOf(ref);
    this.#dumps.delete(text);
    const before = sumsOf(this.#served.get(text));
    const stored = this.#stored.get(text);
    if (stored === undefined) this.#served.delete(text);
    else this.#served.set(text, stored);
    if (before === sumsOf(stored)) return;
    for (const listener of this.#changeListeners) listener(ref);
  }
}

/** Differs when anybody sees another content. */
function sumsOf(versions: Versions | undefined): string {
  if (versions === undefined) return '';
  const grays = [...versions.grays].map(
    ([name, { config, audience }]) => `${name} ${config.md5} ${JSON.stringify(audience)}`,
  );
  return [versions.formal?.md5 ?? '', ...grays.sort()].join(';');
}

function md5Of(content: string): string {
  return createHash('md5').update(content, 'utf8').digest('hex');
}

function order(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function textOf(ref: ConfigRef): string {
  return `${ref.dataId}+${ref.group}+${ref.namespace}`;
}
