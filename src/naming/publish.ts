/**
 * Owns how the wish for one service becomes requests. Called by the ledger; it keeps no state. On Nacos a connection has one
 * entry per service, and each request replaces it (docs/protocol.md#trap-10). A server that adds instead, like
 * r-nacos, has to be told of every instance that goes, and to forget one before some of its changes.
 */
import { hostPort, type Instance } from '../model.js';
import type { Session } from '../remote/session.js';
import {
  BATCH_INSTANCE_REQUEST,
  batchBody,
  DEREGISTER_INSTANCE,
  INSTANCE_REQUEST,
  instanceBody,
  REGISTER_INSTANCE,
  type NamingTarget,
} from '../wire/messages/naming.js';

export interface Publication {
  readonly target: NamingTarget;
  /** What should be there, and nothing else. */
  readonly wanted: readonly Instance[];
  /** What this connection may have published before. */
  readonly held: readonly Instance[];
}

type Requester = Pick<Session, 'request' | 'addsBatches'>;

/** Resolves when the server has confirmed all of it. @throws what `Session.request` throws. */
export async function publish(session: Requester, publication: Publication): Promise<void> {
  const { target, wanted, held } = publication;
  if (session.addsBatches) await forgetChanged(session, target, wanted, held);
  const [first] = wanted;
  if (first !== undefined && wanted.length === 1) {
    await single(session, target, REGISTER_INSTANCE, first);
  } else if (wanted.length > 1) {
    await session.request(BATCH_INSTANCE_REQUEST, batchBody(target, wanted), BACKGROUND);
  }
  if (held.length === 0) return;
  const kept = new Set(wanted.map(hostPort));
  const gone = held.filter((instance) => !kept.has(hostPort(instance)));
  // Where requests replace, what is gone went with them, and one deregistration clears all.
  const toldOf = session.addsBatches ? gone : wanted.length === 0 ? gone.slice(0, 1) : [];
  for (const instance of toldOf) await single(session, target, DEREGISTER_INSTANCE, instance);
}

/**
 * r-nacos takes the usual values in the registration of an address that it has for "not given": it keeps another weight where 1
 * is wanted, and a "disabled" (seen on 0.8.8). Only a new row gets them. Its pushes come every 500 ms, so that hardly
 * anybody misses the old one. Metadata it often keeps even over a new row; against that nothing helps.
 */
async function forgetChanged(
  session: Requester,
  target: NamingTarget,
  wanted: readonly Instance[],
  held: readonly Instance[],
): Promise<void> {
  const before = new Map(held.map((instance) => [hostPort(instance), instance]));
  for (const now of wanted) {
    const old = before.get(hostPort(now));
    if (old === undefined) continue;
    const isKept = (now.weight === 1 && old.weight !== 1) || (now.enabled && !old.enabled);
    if (isKept) await single(session, target, DEREGISTER_INSTANCE, old);
  }
}

/** Callers have waits of their own, with their own bounds. */
const BACKGROUND = { holdsProcess: false } as const;

function single(
  session: Requester,
  target: NamingTarget,
  type: typeof REGISTER_INSTANCE | typeof DEREGISTER_INSTANCE,
  instance: Instance,
): Promise<unknown> {
  return session.request(INSTANCE_REQUEST, instanceBody(target, type, instance), BACKGROUND);
}
