import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';

import type { CreateBalancer } from '../../../../src/discovery/balancer.js';
import { createDiscovery } from '../../../../src/discovery/discovery.js';
import { silentLogger } from '../../../../src/logger.js';
import { A_CALL } from '../../../helpers/a-call.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../../helpers/fake-naming.js';

/** The example of docs/balancing.md, as it stands there. */
async function exampleOf(): Promise<CreateBalancer> {
  const page = readFileSync(new URL('../../../../docs/balancing.md', import.meta.url), 'utf8');
  const [, code = ''] =
    /<!-- executed by .*custom-example.*-->\s*```js\n([^`]*)```/.exec(page) ?? [];
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const module: unknown = await import(/* @vite-ignore */ url);
  expect(module).toMatchObject({ primaryFirst: expect.any(Function) as unknown });
  return (module as { primaryFirst: CreateBalancer }).primaryFirst;
}

async function ordersBy(createBalancer: CreateBalancer) {
  const warn = vi.fn<(message: string) => void>();
  const naming = createFakeNaming();
  naming.setServices('orders');
  naming.setInstances(
    'orders',
    anInstance({ port: 1 }),
    anInstance({ port: 2, weight: 5 }),
    anInstance({ port: 3, weight: 3 }),
  );
  const { calls } = createDiscovery({
    naming: naming.api,
    clock: createFakeClock(),
    logger: { ...silentLogger, warn },
    balancer: createBalancer,
  });
  const first = await calls.resolve('orders', A_CALL);
  return { calls, first, warn };
}

describe('a balancer given in code', () => {
  it('decides as the example of the docs says, also after a failure', async () => {
    const { calls, first, warn } = await ordersBy(await exampleOf());
    expect(first?.port).toBe(2);
    expect(calls.pickNow('orders', A_CALL)?.port).toBe(2);
    if (!first) throw new Error('orders has instances');
    const next = calls.nextAttempt({
      name: 'orders',
      info: A_CALL,
      tried: [first],
      outcome: 'unsent',
      elapsedMs: 1,
    });
    expect(next?.target.port).toBe(3);
    expect(warn).not.toHaveBeenCalled();
  });

  it('breaks no call when it fails', async () => {
    const { calls, first, warn } = await ordersBy(() => {
      throw new Error('out of order');
    });
    expect([1, 2, 3]).toContain(first?.port);
    expect([1, 2, 3]).toContain(calls.pickNow('orders', A_CALL)?.port);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('out of order');
  });
});
