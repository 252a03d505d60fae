/**
 * Owns what users give to `createSettings`, and what they get. Types only; `check-options.ts` checks what is given.
 */
import type { ConfigApi, ConfigSource } from '../config-api.js';
import type { Logger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import type { Clock } from '../util/clock.js';
import type { Preference } from './import-spec.js';
import type { SettingsFormat } from './formats/content.js';
import type { SettingsSchema } from './schema.js';
import type { SettingsTree } from './tree.js';

/** A config by its parts, instead of the words of an import. `undefined` means not given. */
export interface SharedConfig {
  readonly dataId: string;
  /** Default: `group` of the settings. */
  readonly group?: string | undefined;
  /** Default true. */
  readonly refresh?: boolean | undefined;
  /** Missing, unreachable or broken is no error. Default false. */
  readonly optional?: boolean | undefined;
  /** Default: by the ending, then by the type that Nacos has for it. */
  readonly format?: SettingsFormat | undefined;
}

/** Data ids by the name of the application, as Spring Cloud has them: `orders`, `orders.yaml`, `orders-prod.yaml`. Each may be missing. */
export interface ApplicationConfig {
  readonly name: string;
  /** The last one counts most. Default: those of `profiles`. */
  readonly profiles?: readonly string[] | undefined;
  /** Ending of the data ids, without the dot. Default `properties`, as in Spring. */
  readonly extension?: string | undefined;
  /** Default: `group` of the settings. */
  readonly group?: string | undefined;
  /** Default true. */
  readonly refresh?: boolean | undefined;
}

/** Where settings come from, the lowest first; what stands further down goes before what stands above it. `undefined` means not given. */
export interface SettingsOptions<T = SettingsTree> {
  /** `client.config` of `createClient`. It stays open. */
  readonly config: Pick<ConfigApi, 'get' | 'listen'>;
  /** What counts when nobody else gives a key. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** What several applications share: the words of an import without `nacos:`, or parts. The last one counts most. */
  readonly shared?: readonly (string | SharedConfig)[] | undefined;
  /** Like `shared`, and above it. */
  readonly extension?: readonly (string | SharedConfig)[] | undefined;
  readonly application?: ApplicationConfig | undefined;
  /** `nacos:app.yaml?group=orders`, `optional:nacos:more.json`, `file:app.yaml`. The last one counts most. */
  readonly imports?: readonly string[] | undefined;
  /** Files of the developer's own machine, which go before Nacos and need not be there. The last one counts most. */
  readonly local?: string | readonly string[] | undefined;
  /** Variables that go before everything: `A_B_C` before `a.b-c`. Placeholders may ask for them too. Default: none; `process.env` is usual. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Valibot, zod, arktype or any other with the Standard Schema interface. Default: everything is taken as it is. */
  readonly schema?: SettingsSchema<unknown, T> | undefined;
  /** Active profiles. Default: none. */
  readonly profiles?: readonly string[] | undefined;
  /** Of what names no group. Default `DEFAULT_GROUP`. */
  readonly group?: string | undefined;
  /** remote: imports go before `local`, unless they say otherwise. Default local. */
  readonly preference?: Preference | undefined;
  /** False: nothing is followed, whatever a source says of itself. Default true. */
  readonly refresh?: boolean | undefined;
  /** `${a.b:default}` in texts. Default true. */
  readonly placeholders?: boolean | undefined;
  /** What relative paths start at. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** The most that the start waits for everything together. Default 10000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined;
  /** Default: warnings and errors on stderr. */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
}

/** What a dotted key leads to; `unknown` when the type does not say. */
export type ValueAt<T, K extends string> = K extends keyof T
  ? T[K]
  : K extends `${infer Head}.${infer Rest}`
    ? Head extends keyof T
      ? ValueAt<NonNullable<T[Head]>, Rest>
      : unknown
    : unknown;

/** What a change of the settings changed. Frozen. */
export interface SettingsChange<T> {
  /** Whose value is another one, that came or that went; sorted: `db.pool.max`, `servers[0]`. */
  readonly keys: readonly string[];
  readonly value: T;
  readonly previous: T;
}

/** Called after a change; what it throws or rejects is logged. */
export type SettingsListener<T> = (change: SettingsChange<T>) => void | Promise<void>;

/**
 * loaded: it counts. missing: there is none. unreachable: nobody answered. broken: its content cannot be read, or was refused, and the last good one counts,
 * when there was one.
 */
export type SettingsSourceState = 'loaded' | 'missing' | 'unreachable' | 'broken';

/** How one source is. Frozen. */
export interface SettingsSourceStatus {
  readonly name: string;
  readonly state: SettingsSourceState;
  /** Why it is not `loaded`. One line, without any value of a secret. */
  readonly problem: string | undefined;
  readonly refresh: boolean;
  /** Where the content that counts is from; undefined for a file, and while there is none. */
  readonly from: ConfigSource | undefined;
  /** md5 of the content that counts. */
  readonly md5: string | undefined;
}

/** One content that arrived after the start. */
export interface SettingsHistoryEntry {
  /** Epoch ms. */
  readonly atMs: number;
  readonly source: string;
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  /** How many keys changed. */
  readonly changed: number;
}

/** How the settings are. Frozen. */
export interface SettingsStatus {
  /** degraded: something was refused, is missing or cannot be reached, and `problem` says what. */
  readonly state: 'ok' | 'degraded' | 'closed';
  readonly problem: string | undefined;
  readonly sources: readonly SettingsSourceStatus[];
  /** The last 20, newest first. */
  readonly history: readonly SettingsHistoryEntry[];
}

/** One key, and where its value comes from. Frozen. */
export interface ExplainedKey {
  readonly key: string;
  /** As it may be shown: `***` for what looks like a secret. */
  readonly shown: string;
  readonly source: string;
  /** Sources that have the key and do not count, the next one first. */
  readonly hidden: readonly string[];
}

/** Settings that follow their sources. */
export interface Settings<T> extends AsyncDisposable {
  /** All of it, as the schema gave it, frozen. A new object after each change: read it when you need it, and keep no copy. */
  readonly value: T;
  /** What stands under a key now. */
  get<const K extends string>(key: K): ValueAt<T, K>;
  /**
   * Calls back after each change of one of these keys or of what stands below them; without keys, of anything. Returns the function which stops that. What the
   * listener throws is logged.
   */
  onChange(listener: SettingsListener<T>, keys?: string | readonly string[]): () => void;
  readonly status: SettingsStatus;
  /** Every key with its value, as it may be shown, and its source; sorted. */
  explain(): readonly ExplainedKey[];
  /** Reads all sources again, also those without refresh. @throws SettingsError when something was refused: the last good settings stay */
  reload(options?: WaitOptions): Promise<void>;
  /** Follows nothing any more; the last settings can still be read. Idempotent. */
  close(): Promise<void>;
}
