/** What the flags on the connection, leaving and the log do, seen at a dev server and from outside. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'vitest';

import {
  aFlagScene,
  effect,
  eventually,
  expectNothing,
  get,
  NEVER,
  ownLines,
} from './flags-scene.js';

effect(['heartbeat.interval'], 'is the time between health checks', async () => {
  await using often = await aFlagScene();
  await using seldom = await aFlagScene();
  await seldom.start(['--service-name', 'orders', '--heartbeat-interval', '15']);
  await seldom.listed('orders');
  await often.start(['--service-name', 'orders', '--heartbeat-interval', '1']);
  await eventually(() => expect(often.asked('HealthCheckRequest')).toBeGreaterThanOrEqual(2));
  expect(seldom.asked('HealthCheckRequest')).toBe(0);
});

effect(['heartbeat.timeout'], 'is what a health check may take', async () => {
  await using scene = await aFlagScene();
  const heartbeat = ['--heartbeat-interval', '1', '--heartbeat-timeout'];
  const patient = await scene.start(['--service-name', 'patient', ...heartbeat, '15']);
  const app = await scene.start(['--service-name', 'orders', ...heartbeat, '0.5']);
  await scene.listed('patient');
  await scene.listed('orders');
  scene.dev.faults.freeze(true);
  await app.child.line(/leaving Nacos at /);
  expect(ownLines(patient.child).join('\n')).not.toMatch(/leaving Nacos at /);
});

effect(['shutdown.graceful'], 'leaves before the signal goes on, or not', async () => {
  await using scene = await aFlagScene();
  const rude = await scene.start(['--service-name', 'rude', '--no-graceful-shutdown']);
  await scene.listed('rude');
  rude.child.kill('SIGTERM');
  expect(await rude.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(ownLines(rude.child).join('\n')).not.toContain('deregistered');
  // The server drops it with the connection.
  await eventually(() => expectNothing(scene.dev, 'rude'));
  expect(scene.asked('InstanceRequest')).toBe(1);

  const polite = await scene.start(['--service-name', 'polite']);
  await scene.listed('polite');
  polite.child.kill('SIGTERM');
  expect(await polite.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(ownLines(polite.child).join('\n')).toContain('deregistered polite');
  expect(scene.asked('InstanceRequest')).toBe(3);
});

effect(['shutdown.timeout'], 'bounds the wait for answers', async () => {
  await using scene = await aFlagScene();
  const flags = ['--quiet-time', '0', '--shutdown-timeout'];
  const patient = await scene.start(['--service-name', 'patient', ...flags, NEVER]);
  const app = await scene.start(['--service-name', 'orders', ...flags, '0.3']);
  const answers = [patient, app].map((each) => each.get('/hang').catch(() => undefined));
  for (const each of [patient, app]) {
    await scene.listed(each === app ? 'orders' : 'patient');
    await each.child.line(/^hangs$/);
    each.child.kill('SIGTERM');
  }
  expect(await app.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(await answers[1]).toBeUndefined();
  await patient.child.line(/deregistered patient/);
  expect(patient.child.process.exitCode ?? patient.child.process.signalCode).toBeNull();
});

effect(['shutdown.deregister'], 'off leaves the row to the server', async () => {
  await using scene = await aFlagScene();
  const env = { HANDLES: '1' };
  const leaves = await scene.start(['--service-name', 'leaves'], { env });
  const off = ['--deregister-on-exit=false'];
  const stays = await scene.start(['--service-name', 'stays', ...off], { env });
  for (const name of ['leaves', 'stays']) await scene.listed(name);
  for (const app of [leaves, stays]) {
    app.child.kill('SIGTERM');
    await app.child.line(/^got SIGTERM$/);
  }
  expectNothing(scene.dev, 'leaves');
  expect(scene.dev.instances('stays')).toHaveLength(1);
  process.kill(stays.pid, 'SIGKILL');
  await eventually(() => expectNothing(scene.dev, 'stays'));
});

effect(
  ['shutdown.deregister'],
  'off sends nothing either for an app without handlers',
  async () => {
    await using scene = await aFlagScene();
    const off = ['--deregister-on-exit=false', '--quiet-time', '0', '--shutdown-timeout', '1'];
    const app = await scene.start(['--service-name', 'stays', ...off]);
    await scene.listed('stays');
    const answer = app.get('/hang').catch(() => undefined);
    await app.child.line(/^hangs$/);
    app.child.kill('SIGTERM');
    expect(await app.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await answer).toBeUndefined();
    expect(scene.asked('InstanceRequest')).toBe(1);
    await eventually(() => expectNothing(scene.dev, 'stays'));
  },
);

effect(['shutdown.quiet_time'], 'is served on after leaving', async () => {
  await using scene = await aFlagScene();
  const flags = ['--shutdown-timeout', NEVER, '--quiet-time'];
  const app = await scene.start(['--service-name', 'orders', ...flags, NEVER]);
  await scene.listed('orders');
  app.child.kill('SIGTERM');
  await eventually(() => expectNothing(scene.dev, 'orders'));
  const quick = await scene.start(['--service-name', 'quick', ...flags, '0']);
  await scene.listed('quick');
  quick.child.kill('SIGTERM');
  await quick.child.exit();
  expect((await get(app.port, '/')).text).toBe('hello');
});

effect(['logging.level'], 'is the lowest that is written', async () => {
  await using scene = await aFlagScene();
  const loud = await scene.start(['--service-name', 'loud', '--log-level', 'DEBUG']);
  const quiet = await scene.start(['--service-name', 'quiet', '--log-level', 'warn']);
  await loud.child.line(/debug/i);
  await loud.child.line(/registered loud/);
  await scene.listed('quiet');
  // One that is registered later has said its lines, so this one would have, too.
  await scene
    .start(['--service-name', 'later'])
    .then(({ child }) => child.line(/registered later/));
  expect(ownLines(quiet.child)).toEqual([]);
});

effect(['logging.file'], 'gets the log instead of stderr', async () => {
  await using scene = await aFlagScene();
  const app = await scene.start(['--service-name', 'orders', '--log-file', 'logs.txt']);
  await eventually(() => {
    expect(readFileSync(path.join(app.folder, 'logs.txt'), 'utf8')).toContain('registered orders');
  });
  expect(ownLines(app.child)).toEqual([]);
});
