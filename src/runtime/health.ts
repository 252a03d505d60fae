/**
 * Owns what health routes of ours say: whether this process may be sent traffic. Asked by the health server, the health route and the
 * framework adapters. It answers at once from what the runtime knows. That Nacos is away is no reason to be unready:
 * an outage of the registry must not take healthy instances out.
 */
import { hostPort } from '../model.js';
import type { ProcessRuntime } from '../process-hub.js';
import { settingsHealth, type SettingsHealth } from '../settings-health.js';

export interface HealthAnswer {
  readonly ready: boolean;
  readonly status: 200 | 503;
  /** JSON: `ready`, the connection to Nacos, the state of each registration, and what is followed from config center. It holds no secret and no metadata. */
  readonly body: string;
}

/** What is needed of the runtime, which may be one of another version of the package. */
export type HealthSource = Pick<ProcessRuntime, 'isReady' | 'registrations'> &
  Partial<Pick<ProcessRuntime, 'connection'>>;

/** Ready once something is registered or on its way and wants traffic; not ready any more from the moment it leaves. */
export function healthAnswer(runtime: HealthSource | undefined): HealthAnswer {
  const ready = runtime?.isReady ?? false;
  const connection = runtime?.connection ?? 'idle';
  const registrations = (runtime?.registrations ?? []).map((one) => ({
    service: one.service.name,
    group: one.service.group,
    namespace: one.namespace,
    address: hostPort(one),
    state: one.state,
    enabled: one.enabled,
    ready: one.ready,
    ...(one.problem === undefined ? {} : { problem: one.problem }),
  }));
  return {
    ready,
    status: ready ? 200 : 503,
    body: `${JSON.stringify({ ready, connection, registrations, ...followed() })}\n`,
  };
}

/** What this process follows from config center, when it does. That one of them was refused is no reason to be unready: the last good one counts. */
function followed(): { readonly settings?: readonly SettingsHealth[] } {
  const settings = settingsHealth();
  return settings.length === 0 ? {} : { settings };
}
