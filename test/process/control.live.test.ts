/**
 * What `nacos-serving status|up|down|weight|metadata` does to running apps that know nothing of it: seen in the registry, and by who calls them.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import { aControlScene, type App, type ControlScene } from './control-scene.js';

let scene: ControlScene;
beforeEach(async () => {
  scene = await aControlScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Resolves after that many more answers; the caller says every 50th. */
async function answers(caller: Child, more: number): Promise<void> {
  const last = caller.lines.findLast((line) => line.startsWith('answered: '))?.slice(10);
  const wanted = Math.ceil((Number(last ?? 0) + more) / 50) * 50;
  await caller.line(new RegExp(`^answered: ${String(wanted)}$`));
}

async function isCalled(app: App, caller: Child): Promise<boolean> {
  const before = await app.requests();
  await answers(caller, 100);
  return (await app.requests()) > before;
}

async function listed(): Promise<readonly object[]> {
  const { instances } = await scene.client.naming.query(scene.service);
  return instances.map(({ port, weight, enabled, metadata }) => {
    return { port, weight, enabled, metadata };
  });
}

describe('a caller by name', () => {
  it.each([
    ['down', 'up', ['down'], ['up']],
    ['weight 0', 'weight 1', ['weight', '0'], ['weight', '1']],
  ])('stops calling after `%s`, and calls again after `%s`', async (_1, _2, out, back) => {
    const [one, other] = [await scene.app(), await scene.app()];
    const caller = scene.caller();
    await answers(caller, 100);
    expect(await isCalled(one, caller)).toBe(true);
    const pid = ['--pid', String(one.child.pid)];

    const done = await scene.cli(...out, ...pid);
    expect(done).toMatchObject({ code: 0 });
    // The news reaches the caller right after the answer to us.
    await expect.poll(() => isCalled(one, caller)).toBe(false);
    expect(await isCalled(one, caller)).toBe(false);
    expect(await isCalled(other, caller)).toBe(true);

    expect(await scene.cli(...back, ...pid)).toMatchObject({ code: 0 });
    await expect.poll(() => isCalled(one, caller)).toBe(true);

    caller.process.stdin?.end();
    const [, failed] = await caller.line(/^calls: \d+, failed: (\d+)$/);
    expect(failed).toBe('0');
  });
});

describe('the answer', () => {
  it('of status shows what the registry lists, for people and for programs', async () => {
    const { child, port } = await scene.app({ env: { NACOS_METADATA: 'version=2' } });
    const text = await scene.cli('status', '--service', scene.service);
    expect(text.code).toBe(0);
    expect(text.out.split('\n')[0]).toBe(`process ${String(child.pid)}: ready`);
    expect(text.out).toMatch(
      new RegExp(
        `^ {2}${scene.service} \\S+:${String(port)} registered; group DEFAULT_GROUP, namespace public, cluster DEFAULT, weight 1; metadata version=2$`,
        'm',
      ),
    );
    const json = await scene.cli('status', '--json', '--pid', String(child.pid));
    expect(JSON.parse(json.out)).toEqual([
      {
        pid: child.pid,
        ready: true,
        registrations: [
          {
            state: 'registered',
            service: { name: scene.service, group: 'DEFAULT_GROUP' },
            namespace: 'public',
            ip: expect.any(String) as string,
            port,
            cluster: 'DEFAULT',
            weight: 1,
            enabled: true,
            metadata: { version: '2' },
            ready: true,
            wantsTraffic: true,
          },
        ],
      },
    ]);
  });

  it('of a change is the new state, as the registry has it', async () => {
    const { child, port } = await scene.app({ env: { NACOS_METADATA: 'version=2,old=1' } });
    const service = ['--service', scene.service];
    const weight = await scene.cli('weight', '0.5', ...service);
    expect(weight).toMatchObject({ code: 0 });
    expect(weight.out).toContain('weight 0.5');
    const change = await scene.cli('metadata', 'version=3', 'canary=true', 'old-', ...service);
    // r-nacos keeps the metadata that an address came with; then that is what is said.
    const isKept = scene.registry.kind === 'r-nacos';
    const [shown, metadata] = isKept
      ? [
          '; an edit in Nacos counts more than this client: metadata version',
          { version: '2', old: '1' },
        ]
      : ['metadata version=3 canary=true', { version: '3', canary: 'true' }];
    expect(change.out).toContain(shown);
    expect(await listed()).toEqual([{ port, weight: 0.5, enabled: true, metadata }]);
    const down = await scene.cli('down', ...service);
    expect(down.out).toMatch(
      new RegExp(`^process ${String(child.pid)}: not ready\n.* registered, down; `),
    );
    expect(await listed()).toEqual([]);
    const up = await scene.cli('up', ...service);
    expect(up.out).toMatch(/: ready\n.* registered; .* weight 0\.5; metadata /);
  });

  it('is exit code 2 and a list when several processes could be meant', async () => {
    const [one, other] = [await scene.app(), await scene.app()];
    await expect.poll(() => scene.sockets()).toHaveLength(2);
    const { code, out } = await scene.cli('down', '--service', scene.service);
    expect(code).toBe(2);
    for (const { child, port } of [one, other]) {
      expect(out).toMatch(
        new RegExp(`${String(child.pid)} \\(${scene.service} \\S+:${String(port)}\\)`),
      );
    }
    expect(out).toMatch(/^nacos-serving: several processes could be meant, choose one by --pid: /);
    expect(await listed()).toHaveLength(2);
    const all = await scene.cli('status', '--service', scene.service, '--json');
    expect(JSON.parse(all.out)).toHaveLength(2);
  });

  it('is exit code 1 when nobody is meant, or the one that is does not answer', async () => {
    const { child } = await scene.app();
    const unknown = await scene.cli('down', '--service', 'nobody-has-this');
    expect(unknown.code).toBe(1);
    expect(unknown.out).toMatch(/^nacos-serving: no running process has registered nobody-has-th/);
    const wrong = await scene.cli('status', '--pid', '4194303');
    expect(wrong.code).toBe(1);
    expect(wrong.out).toMatch(/^nacos-serving: no process 4194303 /);
    child.kill('SIGSTOP');
    const silent = await scene.cli('down', '--pid', String(child.pid));
    expect(silent).toEqual({
      code: 1,
      out: `nacos-serving: process ${String(child.pid)} does not answer`,
    });
  });

  it('is exit code 2 for wrong words, before anybody is asked', async () => {
    expect(await scene.cli('weight', 'heavy')).toMatchObject({ code: 2 });
    expect(await scene.cli('down', '--pid', 'x')).toMatchObject({ code: 2 });
  });

  it('is exit code 1 with the reason when the app has what the registry would refuse', async () => {
    await scene.app();
    const long = await scene.cli('metadata', `a=${'x'.repeat(2000)}`, '--service', scene.service);
    expect(long.code).toBe(1);
    expect(long.out).toMatch(/^nacos-serving: process \d+: .*metadata/);
  });
});

describe('the socket', () => {
  it('goes when the app leaves, and keeps no app alive that has closed its server', async () => {
    const { child } = await scene.app({ modes: ['close'] });
    await expect.poll(() => scene.sockets()).toEqual([`${String(child.pid)}.sock`]);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.lines).toContain('closed');
    expect(scene.sockets()).toEqual([]);
  });

  it('of a killed process is removed by the next one, and by the command line', async () => {
    const first = await scene.app();
    await expect.poll(() => scene.sockets()).toEqual([`${String(first.child.pid)}.sock`]);
    first.child.kill('SIGKILL');
    await first.child.exit();
    expect(scene.sockets()).toEqual([`${String(first.child.pid)}.sock`]);
    const second = await scene.app();
    await expect.poll(() => scene.sockets()).toEqual([`${String(second.child.pid)}.sock`]);
    second.child.kill('SIGKILL');
    await second.child.exit();
    expect(await scene.cli('status', '--service', scene.service)).toMatchObject({ code: 1 });
    expect(scene.sockets()).toEqual([]);
  });

  it('is not there when control.enabled is off', async () => {
    await scene.app({ env: { NACOS_CONTROL: 'false' } });
    const { code } = await scene.cli('status', '--service', scene.service);
    expect(code).toBe(1);
    expect(scene.sockets()).toEqual([]);
  });

  it('is in the last place where the others cannot be', async () => {
    const env = { XDG_RUNTIME_DIR: '/proc/none', TMPDIR: '/proc/none' };
    const { child } = await scene.app({ env });
    const { code } = await scene.cli('status', '--pid', String(child.pid));
    expect(code).toBe(0);
  });
});
