/**
 * Owns `nacos-serving config watch`: the content of some configs, then each change until Ctrl-C, with what becomes of the connection. Called by
 * `config.ts`. It only listens.
 */
import type { ConfigKey, ConfigVersion } from '../../config-api.js';
import { systemClock } from '../../util/clock.js';
import type { WatchInvocation } from '../config-args.js';
import { printable } from '../printable.js';
import type { RegistryAccess } from '../registry-access.js';
import { untilEnded } from './until-ended.js';

export async function watchConfigs(
  { dataIds, group, json, timeoutMs }: WatchInvocation,
  { config: api, where }: RegistryAccess,
): Promise<number> {
  const tell = json ? tellJson : tellText;
  const subscriptions = [...new Set(dataIds)].map((dataId) => ({
    told: undefined as string | undefined,
    subscription: api.listen(dataId, group),
  }));
  let isAway = false;
  const stop = api.onConnectionState((state) => {
    const wasAway = isAway;
    isAway = state !== 'ready';
    if (isAway !== wasAway) tellConnection(json, isAway);
  });
  try {
    await Promise.all(subscriptions.map(({ subscription }) => subscription.ready({ timeoutMs })));
    if (!json) process.stdout.write(`${where}\n`);
    for (const { subscription } of subscriptions) void follow(subscription, tell);
    await untilEnded();
    return 0;
  } finally {
    stop();
    await Promise.all(subscriptions.map(({ subscription }) => subscription.close()));
  }
}

type Tell = (key: ConfigKey, version: ConfigVersion | undefined, isFirst: boolean) => void;

async function follow(
  subscription: AsyncIterable<ConfigVersion | undefined> & { readonly key: ConfigKey },
  tell: Tell,
): Promise<void> {
  let isFirst = true;
  for await (const version of subscription) {
    tell(subscription.key, version, isFirst);
    isFirst = false;
  }
}

function tellJson(key: ConfigKey, version: ConfigVersion | undefined, isFirst: boolean): void {
  const event = version === undefined ? (isFirst ? 'missing' : 'removed') : 'content';
  const at = new Date(systemClock.wallMs()).toISOString();
  process.stdout.write(`${JSON.stringify({ at, event, ...key, ...version })}\n`);
}

function tellText(key: ConfigKey, version: ConfigVersion | undefined, isFirst: boolean): void {
  const name = `${key.group}/${key.dataId}`;
  if (version === undefined) {
    line(`${name} ${isFirst ? 'is not there yet' : 'was removed'}`);
    return;
  }
  const bytes = String(Buffer.byteLength(version.content));
  line(`${name} ${version.type}, ${bytes} bytes, md5 ${version.md5}`);
  const end = version.content.endsWith('\n') ? '' : '\n';
  process.stdout.write(`${version.content}${end}`);
}

function tellConnection(json: boolean, isAway: boolean): void {
  if (json) {
    const at = new Date(systemClock.wallMs()).toISOString();
    const event = isAway ? 'disconnected' : 'connected';
    process.stdout.write(`${JSON.stringify({ at, event })}\n`);
  } else {
    line(
      isAway
        ? 'the connection to Nacos is lost: this may not be the content of now'
        : 'connected again',
    );
  }
}

function line(text: string): void {
  const at = new Date(systemClock.wallMs()).toTimeString().slice(0, 8);
  process.stdout.write(`${at} ${printable(text)}\n`);
}
