/** What health rests on: what this process wants, apart from what the registry makes of it, and which server is the service. */
import { afterEach, describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { on, setUp, type Setup } from '../registration/registrar-fixture.js';

let setup: Setup;
afterEach(() => setup.registrar.close());

async function registered(): Promise<Setup> {
  setup = setUp();
  setup.registrar.serverUp(on(8080));
  await setup.clock.advance(2000);
  return setup;
}

describe('an instance wants traffic', () => {
  it('also while the registry lists it as disabled, or not at all', async () => {
    const { registrar, registry, clock } = await registered();
    registry.edit({ enabled: false });
    await clock.advance(2000);
    const [status] = await registrar.look();
    expect(status).toMatchObject({ state: 'registered', enabled: false, wantsTraffic: true });
  });

  it('also while the registry is away', async () => {
    const { registrar, registry } = await registered();
    registry.setState('backoff');
    await settle();
    expect(registrar.registrations).toMatchObject([{ wantsTraffic: true }]);
  });

  it('but not after `enabled: false` of its own, nor while it is not ready', async () => {
    const { registrar, clock } = await registered();
    const down = registrar.change({ enabled: false });
    expect(registrar.registrations).toMatchObject([{ ready: true, wantsTraffic: false }]);
    await clock.advance(5000);
    await down;
    const up = registrar.change({ enabled: true });
    await clock.advance(5000);
    await up;
    expect(registrar.registrations).toMatchObject([{ ready: true, wantsTraffic: true }]);
    registrar.setReady(false);
    expect(registrar.registrations).toMatchObject([{ ready: false, wantsTraffic: false }]);
  });
});

describe('a registrar serves', () => {
  it('the server that it has chosen, also after that has left, and none that it passed over', async () => {
    setup = setUp({ port: { explicit: 8080 } });
    const { registrar, clock } = setup;
    const [service, other] = [on(8080), on(9090)];
    registrar.serverUp(other);
    registrar.serverUp(service);
    await clock.advance(2000);
    expect(registrar.serves(service.server)).toBe(true);
    expect(registrar.serves(other.server)).toBe(false);
    await registrar.leave();
    expect(registrar.serves(service.server)).toBe(true);
  });
});
