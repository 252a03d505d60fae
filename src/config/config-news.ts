/**
 * Owns the channels `config` and `config-failure` of `nacos-serving/diagnostics`. Used by the listened config and its followers. It decides nothing, and
 * without subscribers it builds nothing. Contents are never told.
 */
import { channel } from 'node:diagnostics_channel';

import type { ConfigKey, ConfigVersion } from '../config-api.js';
import { CHANNELS, type AboutConfig } from '../diagnostics.js';

const configChannel = channel(CHANNELS.config);
const failureChannel = channel(CHANNELS.configFailure);

/** Another content counts now, and so many listeners are about to be told. */
export function tellConfig(
  key: ConfigKey,
  version: ConfigVersion | undefined,
  listeners: number,
): void {
  if (!configChannel.hasSubscribers) return;
  configChannel.publish({ ...aboutOf(key, version), source: version?.source, listeners });
}

/** A listener failed with this content, so many times in a row. */
export function tellConfigFailure(
  key: ConfigKey,
  version: ConfigVersion | undefined,
  failures: number,
): void {
  if (!failureChannel.hasSubscribers) return;
  failureChannel.publish({ ...aboutOf(key, version), failures });
}

function aboutOf(key: ConfigKey, version: ConfigVersion | undefined): AboutConfig {
  const { namespace, group, dataId } = key;
  return { namespace, group, dataId, md5: version?.md5 };
}
