import { describe, expect, it } from 'vitest';

import { listenOnPair } from '../../../src/dev-server/ports.js';
import { createFakeClock } from '../../helpers/fake-clock.js';

describe('pair of ports', () => {
  it('listens on the given port and 1000 above it', async () => {
    const { listeners, open } = withTaken([]);
    expect(await listenOnPair(8848, createFakeClock(), listeners)).toBe(8848);
    expect(open()).toEqual([8848, 9848]);
  });

  it.each([
    [[8848], 'port 8848 (HTTP) on 127.0.0.1 cannot be used: another program listens there'],
    [[9848], 'port 9848 (gRPC) on 127.0.0.1 cannot be used: another program listens there'],
  ])('names the port that is taken: %j', async (taken, message) => {
    const { listeners, open } = withTaken(taken);
    await expect(listenOnPair(8848, createFakeClock(), listeners)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'INVALID_OPTION',
      message,
    });
    expect(open()).toEqual([]);
  });

  it.each([-1, 1.5, 64_536, Number.NaN])('refuses the port %d before it tries', async (port) => {
    const { listeners, open } = withTaken([]);
    await expect(listenOnPair(port, createFakeClock(), listeners)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('0 to 64535') as string,
    });
    expect(open()).toEqual([]);
  });

  it('goes on to the next candidate when one of a free pair is taken after all', async () => {
    const clock = createFakeClock();
    clock.setRandom(() => 0.999_99);
    const { listeners, open } = withTaken([28_999, 21_000]);
    expect(await listenOnPair(0, clock, listeners)).toBe(20_001);
    expect(open()).toEqual([20_001, 21_001]);
  });

  it('gives up when there is no free pair', async () => {
    const { listeners } = withTaken(Array.from({ length: 9000 }, (_unused, n) => 20_000 + n));
    await expect(listenOnPair(0, createFakeClock(), listeners)).rejects.toMatchObject({
      name: 'ConfigError',
    });
  });
});

function withTaken(taken: readonly number[]) {
  let open: number[] = [];
  const listen = (port: number): Promise<void> => {
    if (taken.includes(port)) {
      return Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }));
    }
    open.push(port);
    return Promise.resolve();
  };
  const stop = (): void => {
    open = [];
  };
  return {
    open: () => open,
    listeners: { host: '127.0.0.1', listenHttp: listen, listenGrpc: listen, stop },
  };
}
