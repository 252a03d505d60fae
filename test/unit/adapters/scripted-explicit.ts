/**
 * Owns what the adapters stand on, scripted: which servers they registered with which options, and registrations which say what was
 * asked of them. For `vi.mock` in the tests of the adapters; no registry, no hub.
 */
import type { ServerRegistration } from '../../../src/process-hub.js';

export interface Registered {
  readonly server: unknown;
  readonly options: unknown;
}

export const script = {
  registered: [] as Registered[],
  automatic: [] as unknown[],
  said: [] as string[],
  ready: true,
  reset(): void {
    script.registered = [];
    script.automatic = [];
    script.said = [];
    script.ready = true;
  },
};

export const registration: ServerRegistration = {
  status: undefined,
  registered: () => Promise.reject(new Error('not scripted')),
  change: () => Promise.reject(new Error('not scripted')),
  setReady: (ready) => {
    script.said.push(`ready ${String(ready)}`);
  },
  close: async () => {
    script.said.push('leaving');
    // Some turns of the event loop, so that who does not wait comes first.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    script.said.push('left');
  },
  [Symbol.asyncDispose]: () => registration.close(),
};

/** Stands in for src/adapters/explicit.ts. */
export const explicit = {
  registerServer(server: unknown, options: unknown): ServerRegistration {
    script.registered.push({ server, options });
    return registration;
  },
  registerAutomatically(options: unknown): void {
    script.automatic.push(options);
  },
};

/** Stands in for src/adapters/health-answer.ts. */
export const health = {
  answerHealth: () =>
    script.ready
      ? { ready: true, status: 200, body: '{"ready":true}' }
      : { ready: false, status: 503, body: '{"ready":false}' },
};
