/**
 * Owns `nacos-serving watch`: the list of one service, then each change of it until Ctrl-C, with what becomes of the connection. Called by
 * `look-up.ts`. It only listens.
 */
import type { Instance, ServiceDiff, ServiceSnapshot } from '../../model.js';
import type { ConnectionState } from '../../naming-api.js';
import { systemClock } from '../../util/clock.js';
import { instanceLine } from '../instance-line.js';
import type { WatchInvocation } from '../lookup-args.js';
import { printable } from '../printable.js';
import type { RegistryAccess } from '../registry-access.js';
import { untilEnded } from './until-ended.js';

export async function watch(
  { service: name, json }: WatchInvocation,
  registry: RegistryAccess,
): Promise<number> {
  const { naming, group, timeoutMs, where } = registry;
  const service = { name, group };
  const say = json ? sayJson : sayText;
  let isShown = false;
  let isAway = false;
  await using subscription = naming.subscribe(service, (snapshot, diff) => {
    // What comes before the first list is shown is in it.
    if (isShown) say({ event: 'change', snapshot, diff });
  });
  const first = await subscription.ready({ timeoutMs });
  say({ event: 'list', snapshot: subscription.snapshot ?? first, where });
  isShown = true;
  const stop = naming.onConnectionState((state: ConnectionState) => {
    const wasAway = isAway;
    isAway = state !== 'ready';
    if (isAway !== wasAway) say({ event: isAway ? 'disconnected' : 'connected' });
  });
  await untilEnded();
  stop();
  return 0;
}

type Event =
  | { readonly event: 'list'; readonly snapshot: ServiceSnapshot; readonly where: string }
  | { readonly event: 'change'; readonly snapshot: ServiceSnapshot; readonly diff: ServiceDiff }
  | { readonly event: 'disconnected' | 'connected' };

function sayJson(told: Event): void {
  const at = new Date(systemClock.wallMs()).toISOString();
  const { event } = told;
  if (told.event === 'list') {
    const { service, instances } = told.snapshot;
    line(JSON.stringify({ at, event, ...aboutOf(service), instances }));
  } else if (told.event === 'change') {
    const { service, instances } = told.snapshot;
    const { added, removed, changed } = told.diff;
    const size = instances.length;
    line(JSON.stringify({ at, event, ...aboutOf(service), added, removed, changed, size }));
  } else line(JSON.stringify({ at, event }));
}

function aboutOf({ name, group }: ServiceSnapshot['service']) {
  return { service: name, group };
}

function sayText(told: Event): void {
  if (told.event === 'list') {
    const { service, instances } = told.snapshot;
    line(
      `${printable(service.name)}, group ${service.group}, ${told.where}: ${countOf(instances)}`,
    );
    for (const instance of instances) line(`  ${instanceLine(instance)}`);
    return;
  }
  const at = new Date(systemClock.wallMs()).toTimeString().slice(0, 8);
  if (told.event === 'change') {
    const { added, removed, changed } = told.diff;
    for (const instance of added) line(`${at} + ${instanceLine(instance)}`);
    for (const instance of removed) line(`${at} - ${instanceLine(instance)}`);
    for (const instance of changed) line(`${at} ~ ${instanceLine(instance)}`);
    if (told.snapshot.instances.length === 0) line(`${at} no instance is left`);
  } else if (told.event === 'disconnected') {
    line(`${at} the connection to Nacos is lost: this may not be the list of now`);
  } else line(`${at} connected again`);
}

function countOf(instances: readonly Instance[]): string {
  if (instances.length === 0) return 'no instance yet';
  return instances.length === 1 ? '1 instance' : `${String(instances.length)} instances`;
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}
