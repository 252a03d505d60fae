import { describe, expect, it } from 'vitest';

import { silentLogger } from '../../../src/logger.js';
import { loadOptions } from '../../../src/options/load.js';
import type { OptionsInput, ResolvedOptions } from '../../../src/options/schema.js';
import { ClientPool } from '../../../src/runtime/client-pool.js';
import { tempFolder } from '../house/temp-folder.js';

/** Without an option file around. */
function optionsOf(code: OptionsInput): ResolvedOptions {
  using folder = tempFolder({});
  return loadOptions({ code, env: {}, cwd: folder.path }).options;
}

describe('the clients of a process', () => {
  it('are shared by what differs in service, group, cluster and metadata only', async () => {
    const pool = new ClientPool(silentLogger);
    const first = pool.of(optionsOf({ service: { name: 'orders' } }));
    const service = { name: 'users', group: 'B', cluster: 'east', metadata: { a: '1' }, weight: 2 };
    expect(pool.of(optionsOf({ service }))).toBe(first);
    expect(pool.of(optionsOf({ namespace: 'public' }))).toBe(first);
    await pool.close();
  });

  it.each<[string, OptionsInput]>([
    ['namespace', { namespace: 'dev' }],
    ['servers', { server: '10.0.0.1:8848' }],
    ['user', { username: 'me', password: 'secret' }],
  ])('are others for another %s', async (_, code) => {
    const pool = new ClientPool(silentLogger);
    const first = pool.of(optionsOf({}));
    const other = pool.of(optionsOf(code));
    expect(other).not.toBe(first);
    expect(pool.of(optionsOf(code))).toBe(other);
    expect(pool.of(optionsOf({}))).toBe(first);
    await pool.close();
    expect([first, other].map(({ naming }) => naming.connectionState)).toEqual([
      'closed',
      'closed',
    ]);
  });

  it('do not connect before somebody uses them', async () => {
    const pool = new ClientPool(silentLogger);
    const { naming } = pool.of(optionsOf({}));
    expect([naming.connectionState, pool.connection]).toEqual(['idle', 'idle']);
    await pool.close();
  });
});
