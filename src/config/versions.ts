/**
 * Owns how what is stored becomes what users see: the sum of the stored bytes, the frozen version, and when two are the same. Used by all that
 * reads configs. Pure. The sum is ours and not the one in the answer, since listening compares it (docs/protocol.md#trap-15).
 */
import { hash } from 'node:crypto';

import type { ConfigKey, ConfigSource, ConfigVersion } from '../config-api.js';
import type { ConfigContent } from '../wire/messages/config.js';

/** A config as it lies on the server or on disk: perhaps encrypted. `md5` is computed. */
export type StoredConfig = ConfigContent;

export function md5Of(content: string): string {
  return hash('md5', content);
}

/** `content` is the readable one. */
export function versionOf(
  { namespace, group, dataId }: ConfigKey,
  { contentType, md5, lastModifiedMs }: Omit<StoredConfig, 'content'>,
  content: string,
  source: ConfigSource,
): ConfigVersion {
  return Object.freeze({
    namespace,
    group,
    dataId,
    content,
    type: contentType,
    md5,
    lastModifiedMs,
    source,
  });
}

/** Whether somebody who knows the one learns nothing from the other. */
export function isSameContent(
  one: ConfigVersion | undefined,
  other: ConfigVersion | undefined,
): boolean {
  return one?.md5 === other?.md5;
}
