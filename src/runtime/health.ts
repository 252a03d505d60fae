/**
 * Owns what health routes of ours say: whether this process may be sent traffic. Asked by the health server, the health route and the
 * framework adapters. It answers at once from what the runtime knows. That Nacos is away is no reason to be unready:
 * an outage of the registry must not take healthy instances out.
 */
import type { ProcessRuntime } from '../process-hub.js';

export interface HealthAnswer {
  readonly ready: boolean;
  readonly status: 200 | 503;
  /** JSON: `ready`, and the state of each registration. */
  readonly body: string;
}

/** Ready once something is registered or on its way and its gate is open; not ready any more from the moment it leaves. */
export function healthAnswer(
  runtime: Pick<ProcessRuntime, 'isReady' | 'registrations'> | undefined,
): HealthAnswer {
  const ready = runtime?.isReady ?? false;
  const registrations = (runtime?.registrations ?? []).map((one) => ({
    service: one.service.name,
    group: one.service.group,
    namespace: one.namespace,
    address: `${one.ip.includes(':') ? `[${one.ip}]` : one.ip}:${String(one.port)}`,
    state: one.state,
    enabled: one.enabled,
    ready: one.ready,
    ...(one.problem === undefined ? {} : { problem: one.problem }),
  }));
  return {
    ready,
    status: ready ? 200 : 503,
    body: `${JSON.stringify({ ready, registrations })}\n`,
  };
}
