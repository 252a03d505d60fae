/** Owns listening to channels of `nacos-serving/diagnostics` in a test: collects what is published until the test is over. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { onTestFinished } from 'vitest';

import type { ChannelMessages, ChannelName } from '../../src/diagnostics.js';

/** The messages of one channel from now on, as they come. */
export function messagesOf<Name extends ChannelName>(name: Name): ChannelMessages[Name][] {
  const heard: ChannelMessages[Name][] = [];
  const hear = (message: unknown): void => {
    heard.push(message as ChannelMessages[Name]); // what the channel says it has
  };
  subscribe(name, hear);
  onTestFinished(() => {
    unsubscribe(name, hear);
  });
  return heard;
}
