/** The lock by which one of several processes owns an address: on this platform's socket, and on a socket file as on macOS. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, it, vi } from 'vitest';

import { silentLogger } from '../../src/logger.js';
import { lockNameOf, type LockName } from '../../src/registration/family/lock-name.js';
import { createOwnership, type Ownership } from '../../src/registration/family/ownership.js';
import { startNode, type Child } from '../helpers/child.js';
import { expectQuietProcess } from '../helpers/quiet-process.js';

expectQuietProcess();

const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-lock-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let names = 0;

const KEY = {
  registry: ['10.0.0.1:8848'],
  namespace: 'public',
  group: 'DEFAULT_GROUP',
  service: `lock-${String(process.pid)}`,
  ip: '10.9.8.7',
};

function aName(kind: string): LockName {
  names += 1;
  if (kind === 'a file') {
    return { path: path.join(folder, `${String(names)}.sock`), isFile: true };
  }
  return lockNameOf({ ...KEY, port: names });
}

function own(name: LockName): Ownership {
  return createOwnership({ ...KEY, port: 1 }, { logger: silentLogger, name });
}

async function becomes(ownership: Ownership, state: Ownership['state']): Promise<void> {
  await vi.waitFor(() => expect(ownership.state).toBe(state), { timeout: 10_000, interval: 5 });
}

/** A process that listens on the name, to be killed. */
function aHolder(name: LockName): Child {
  const code = `require('node:net').createServer().listen(${JSON.stringify(name.path)}, () => console.log('held'))`;
  return startNode(['-e', code]);
}

describe.each(['the platform’s own', 'a file'])('a lock of %s kind', (kind) => {
  it('has one owner; the others wait', async () => {
    const name = aName(kind);
    await using first = own(name);
    await first.owned();
    await using second = own(name);
    await using third = own(name);
    await becomes(second, 'waiting');
    await becomes(third, 'waiting');
    expect(first.state).toBe('owner');
  });

  it('goes to exactly one of those that wait when its owner gives it up', async () => {
    const name = aName(kind);
    const first = own(name);
    await first.owned();
    await using second = own(name);
    await using third = own(name);
    await Promise.all([becomes(second, 'waiting'), becomes(third, 'waiting')]);
    await first.close();
    await Promise.race([second.owned(), third.owned()]);
    const [next, other] = second.state === 'owner' ? [second, third] : [third, second];
    await becomes(other, 'waiting');
    expect(next.state).toBe('owner');
  });

  it('goes to the one that waits when the process of its owner is killed', async () => {
    const name = aName(kind);
    await using holder = aHolder(name);
    await holder.line(/^held$/);
    await using waits = own(name);
    await becomes(waits, 'waiting');
    holder.kill('SIGKILL');
    await waits.owned();
    expect(waits.state).toBe('owner');
  });

  it('is handed over to the one that has registered, before the others may try', async () => {
    const name = aName(kind);
    await using first = own(name);
    await first.owned();
    await using heir = own(name);
    await becomes(heir, 'waiting');
    await using other = own(name);
    await becomes(other, 'waiting');
    const handed = first.handOver(10_000);
    await heir.owned();
    expect(heir.state).toBe('heir');
    expect(other.state).toBe('waiting');
    heir.confirm();
    expect(await handed).toBe(true);
    expect(heir.state).toBe('owner');
    await first.close();
    expect(other.state).toBe('waiting');
  });

  it('is not handed over to one that is leaving itself, nor to nobody', async () => {
    const name = aName(kind);
    await using first = own(name);
    await first.owned();
    const leaves = own(name);
    await becomes(leaves, 'waiting');
    expect(await leaves.handOver(1000)).toBe(false);
    const handed = first.handOver(10_000);
    expect(await handed).toBe(false);
    await leaves.close();
  });

  it('goes to the heir when the owner is gone before it is confirmed', async () => {
    const name = aName(kind);
    const first = own(name);
    await first.owned();
    await using heir = own(name);
    await becomes(heir, 'waiting');
    const handed = first.handOver(10_000);
    await heir.owned();
    await first.close();
    expect(await handed).toBe(false);
    await becomes(heir, 'owner');
  });

  it('is no longer waited for after close or an abort', async () => {
    const name = aName(kind);
    await using first = own(name);
    await first.owned();
    const waits = own(name);
    await becomes(waits, 'waiting');
    const abort = new AbortController();
    const aborted = waits.owned({ signal: abort.signal });
    const closed = waits.owned();
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await waits.close();
    await waits.close();
    await expect(closed).rejects.toMatchObject({ code: 'CLOSED' });
    expect(waits.state).toBe('closed');
  });
});

describe('a lock that is a file', () => {
  it('is taken from a dead owner by one of several that find it', async () => {
    const name = aName('a file');
    await using holder = aHolder(name);
    await holder.line(/^held$/);
    holder.kill('SIGKILL');
    await holder.exit();
    expect(existsSync(name.path)).toBe(true);
    const all = [own(name), own(name), own(name)];
    await Promise.race(all.map((one) => one.owned()));
    await vi.waitFor(
      () =>
        expect(all.map(({ state }) => state).toSorted()).toEqual(['owner', 'waiting', 'waiting']),
      { timeout: 10_000, interval: 20 },
    );
    for (const one of all) await one.close();
    expect(existsSync(name.path)).toBe(false);
  });
});

describe('where there can be no lock', () => {
  it('everybody is owner: two that publish one address are one row', async () => {
    const name = { path: path.join(folder, 'missing', 'lock.sock'), isFile: true };
    await using one = own(name);
    await using other = own(name);
    await Promise.all([one.owned(), other.owned()]);
    expect([one.state, other.state]).toEqual(['owner', 'owner']);
  });
});
