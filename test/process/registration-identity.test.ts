/**
 * Asking the real system for the route to a registry: the one part of the identity that needs a socket. Nothing is sent.
 */
import { networkInterfaces } from 'node:os';

import { describe, expect, it } from 'vitest';

import { routeTo } from '../../src/registration/identity/route.js';
import { systemClock } from '../../src/util/clock.js';
import { createFakeClock, settle } from '../helpers/fake-clock.js';

describe('the route to Nacos', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['::1', '::1'],
  ])('to %s starts at %s', async (host, local) => {
    expect(await routeTo({ host, port: 8848 }, systemClock)).toBe(local);
  });

  it('to an address of this machine starts at that address', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family }) => family === 'IPv4');
    const found = own.map(({ address }) => routeTo({ host: address, port: 8848 }, systemClock));
    expect(await Promise.all(found)).toEqual(own.map(({ address }) => address));
  });

  it('to a name that nobody knows is unknown', async () => {
    expect(await routeTo({ host: 'nacos.invalid', port: 8848 }, systemClock)).toBeUndefined();
  });

  it('is unknown when the name server takes longer than a second', async () => {
    const clock = createFakeClock();
    const route = routeTo({ host: 'nacos.invalid', port: 8848 }, clock);
    await clock.advance(1000);
    await settle();
    await clock.advance(1000);
    expect(await route).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});
