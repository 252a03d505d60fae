/**
 * Owns the channel `push` of `nacos-serving/diagnostics`. Used by the subscriptions for each list that Nacos sends by itself. It decides nothing, and
 * without subscribers it reads no clock.
 */
import { channel } from 'node:diagnostics_channel';

import { CHANNELS } from '../diagnostics.js';
import type { Clock } from '../util/clock.js';
import type { ServiceInfo } from '../wire/messages/naming.js';

const pushChannel = channel(CHANNELS.push);

/** Runs `apply`, and tells of the list. */
export function tellPush(
  info: ServiceInfo,
  from: { readonly namespace: string; readonly clock: Clock },
  apply: () => void,
): void {
  if (!pushChannel.hasSubscribers) {
    apply();
    return;
  }
  const startedMs = from.clock.nowMs();
  apply();
  const { name, group } = info.service;
  pushChannel.publish({
    namespace: from.namespace,
    service: name,
    group,
    size: info.hosts.length,
    tookMs: from.clock.nowMs() - startedMs,
  });
}
