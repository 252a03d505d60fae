import { describe, expect, it } from 'vitest';

import { silentLogger } from '../../../../src/logger.js';
import type { OwnershipKey } from '../../../../src/registration/family/lock-name.js';
import type { Ownership } from '../../../../src/registration/family/ownership.js';
import { shareAddresses } from '../../../../src/registration/family/shared-naming.js';
import type { RegistrationNaming } from '../../../../src/registration/registration-options.js';
import { createDeferred } from '../../../../src/util/deferred.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';

const SERVICE = { name: 'orders', group: 'DEFAULT_GROUP' };
const INSTANCE = { ip: '10.9.8.7', port: 8080 };

function aShare() {
  const clock = createFakeClock();
  const said: string[] = [];
  const keys: OwnershipKey[] = [];
  let state: Ownership['state'] = 'waiting';
  let turn = createDeferred<void>();
  let lost: () => void = () => undefined;
  const ownership: Ownership = {
    get state() {
      return state;
    },
    owned: () => turn.promise,
    onLost(listener) {
      lost = listener;
      return () => undefined;
    },
    confirm: () => said.push('confirm'),
    handOver: (ms) => {
      said.push(`hand over within ${String(ms)}`);
      return Promise.resolve(true);
    },
    close: async () => void said.push('close'),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const naming: RegistrationNaming = {
    connectionState: 'ready',
    onConnectionState: () => () => undefined,
    query: () => Promise.reject(new Error('not asked')),
    register: async () => void said.push('register'),
    deregister: async () => void said.push('deregister'),
  };
  const shared = shareAddresses({
    naming,
    registry: ['10.0.0.1:8848'],
    namespace: 'public',
    logger: silentLogger,
    clock,
    own(key) {
      keys.push(key);
      return ownership;
    },
  });
  return {
    shared,
    said,
    keys,
    async own() {
      state = 'owner';
      turn.resolve();
      await clock.advance(0);
    },
    async lose() {
      state = 'waiting';
      turn = createDeferred<void>();
      lost();
      await clock.advance(0);
    },
  };
}

describe('the naming of processes that share an address', () => {
  it('registers only when this process owns the address, and says that it has', async () => {
    const { shared, said, keys, own } = aShare();
    const registered = shared.register(SERVICE, INSTANCE);
    expect(said).toEqual([]);
    await own();
    await registered;
    expect(said).toEqual(['register', 'confirm']);
    expect(keys).toEqual([
      {
        registry: ['10.0.0.1:8848'],
        namespace: 'public',
        group: 'DEFAULT_GROUP',
        service: 'orders',
        ...INSTANCE,
      },
    ]);
  });

  it('asks for one address once, whatever changes about the instance', async () => {
    const { shared, keys, own } = aShare();
    const first = shared.register(SERVICE, INSTANCE);
    await own();
    await first;
    await shared.register('orders', { ...INSTANCE, weight: 2 });
    expect(keys).toHaveLength(1);
  });

  it('lets the next one register before it takes its own out', async () => {
    const { shared, said, own } = aShare();
    const registered = shared.register(SERVICE, INSTANCE);
    await own();
    await registered;
    await shared.deregister(SERVICE, INSTANCE, { timeoutMs: 500 });
    expect(said.slice(2)).toEqual(['hand over within 250', 'deregister', 'close']);
  });

  it('has nothing to take out while another process has it', async () => {
    const { shared, said } = aShare();
    const never = shared.register(SERVICE, INSTANCE);
    never.catch(() => undefined);
    await expect(shared.deregister(SERVICE, INSTANCE)).rejects.toMatchObject({
      code: 'NOT_REGISTERED',
    });
    expect(said).toEqual(['close']);
  });

  it('takes it out when it is lost, and registers again in its turn', async () => {
    const { shared, said, own, lose } = aShare();
    const registered = shared.register(SERVICE, INSTANCE);
    await own();
    await registered;
    await lose();
    expect(said.slice(2)).toEqual(['deregister']);
    await own();
    expect(said.slice(3)).toEqual(['register', 'confirm']);
  });
});
