/**
 * Owns what a published content looks like once it is stored. Used by the config store, its history and whoever shows them. Types only.
 */
import type { ConfigRef } from '../../wire/messages/config.js';

export interface StoredConfig {
  readonly ref: ConfigRef;
  readonly content: string;
  readonly contentType: string;
  /** Lower-case hex, of the content as stored. */
  readonly md5: string;
  readonly encryptedDataKey: string;
  readonly appName: string;
  /** Epoch ms. */
  readonly lastModifiedMs: number;
}
