import { describe, expect, it } from 'vitest';

import type { RegistrationStatus } from '../../../src/process-hub.js';
import { healthAnswer } from '../../../src/runtime/health.js';

const STATUS: RegistrationStatus = {
  state: 'registered',
  service: { name: 'orders', group: 'shop' },
  namespace: 'public',
  ip: 'fd00::5',
  port: 8080,
  cluster: 'DEFAULT',
  weight: 1,
  enabled: true,
  metadata: { token: 'secret' },
  ready: true,
  wantsTraffic: true,
  problem: undefined,
};

describe('the health answer', () => {
  it('is 503 before there is anything', () => {
    expect(healthAnswer(undefined)).toEqual({
      ready: false,
      status: 503,
      body: '{"ready":false,"connection":"idle","registrations":[]}\n',
    });
  });

  it('says what the runtime says, with the state of each registration and without metadata', () => {
    const answer = healthAnswer({ isReady: true, registrations: [STATUS], connection: 'ready' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      ready: true,
      connection: 'ready',
      registrations: [
        {
          service: 'orders',
          group: 'shop',
          namespace: 'public',
          address: '[fd00::5]:8080',
          state: 'registered',
          enabled: true,
          ready: true,
        },
      ],
    });
  });

  it('stays 200 while Nacos is away, and tells it', () => {
    const problem = 'Nacos cannot be reached';
    const registrations = [{ ...STATUS, state: 'registering', problem } as const];
    const answer = healthAnswer({ isReady: true, registrations, connection: 'backoff' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      connection: 'backoff',
      registrations: [{ state: 'registering', problem }],
    });
  });
});
