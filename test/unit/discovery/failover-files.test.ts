/** The operator's folder while it does not answer; what its files do is told by `local-lists.test.ts`. */
import { expect, it, vi } from 'vitest';

import { FailoverFiles } from '../../../src/discovery/failover-files.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { tempFolder } from '../house/temp-folder.js';

it('is not waited for any longer when its time is up, and is used when it was read after all', async () => {
  using folder = tempFolder({ 'orders.json': '{"hosts":[{"ip":"10.9.9.9","port":7}]}' });
  const orders = { name: 'orders', group: 'DEFAULT_GROUP' };
  const changed = vi.fn();
  const warn = vi.fn();
  const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
  const waits: number[] = [];
  const clock = createFakeClock();
  const files = new FailoverFiles({
    dir: folder.path,
    logger,
    changed,
    clock: {
      every: clock.every,
      // The time is up before the disk can answer, as no turn of the event loop is over.
      after(delayMs, run) {
        waits.push(delayMs);
        run();
        return { cancel: () => undefined };
      },
    },
  });
  await files.ready();
  expect(waits).toEqual([1000]);
  expect(files.of(orders)).toBeUndefined();
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('does not answer'));

  await vi.waitFor(() => expect(changed).toHaveBeenCalledExactlyOnceWith('orders'));
  expect(files.of(orders)).toMatchObject([{ ip: '10.9.9.9', port: 7 }]);
  expect(clock.pending).toBe(1);
  files.close();
  expect(clock.pending).toBe(0);
});
