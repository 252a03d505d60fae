/**
 * Owns what one registration tells outside of its registrar: the channel `registration` of `nacos-serving/diagnostics`, and its answer to who asks what lives
 * in this process. Used by the registration at each change. It decides nothing, and without subscribers it builds nothing.
 */
import { channel } from 'node:diagnostics_channel';

import { CHANNELS, type RegistrationMessage } from '../diagnostics.js';
import { answerLiveFacts } from '../live-facts.js';
import type { RegistrationStatus } from '../process-hub.js';

const registrationChannel = channel(CHANNELS.registration);

export class RegistrationNews {
  readonly #statusOf: () => RegistrationStatus;
  #told: RegistrationMessage | undefined;
  #stopAnswering: (() => void) | undefined;

  constructor(statusOf: () => RegistrationStatus) {
    this.#statusOf = statusOf;
  }

  /** From now on it lives. */
  begin(): void {
    this.#stopAnswering ??= answerLiveFacts((tell) => {
      const { service, state } = this.#statusOf();
      tell({ kind: 'registration', service: service.name, group: service.group, state });
    });
    this.changed();
  }

  /** Something may be otherwise than it was told last. */
  changed(): void {
    if (!registrationChannel.hasSubscribers) return;
    const message = messageOf(this.#statusOf());
    const before = this.#told;
    const isSame =
      message.state === before?.state &&
      message.enabled === before.enabled &&
      message.problem === before.problem;
    if (isSame) return;
    this.#told = message;
    registrationChannel.publish(message);
  }

  /** After its last change. */
  end(): void {
    this.#stopAnswering?.();
    this.#stopAnswering = undefined;
  }
}

function messageOf(status: RegistrationStatus): RegistrationMessage {
  const { service, namespace, ip, port, state, enabled, problem } = status;
  return {
    service: service.name,
    group: service.group,
    namespace,
    ip,
    port,
    state,
    enabled,
    problem,
  };
}
