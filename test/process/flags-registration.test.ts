/** What the flags on when a server is registered, when it is ready and who may ask do, seen at a dev server and from outside. */
import { expect } from 'vitest';

import {
  aFlagScene,
  effect,
  eventually,
  expectNothing,
  NEVER,
  ownLines,
  type App,
  type FlagScene,
} from './flags-scene.js';

/** What others registered meanwhile, this one would have, too. */
async function othersAreRegistered(scene: FlagScene): Promise<void> {
  await scene.start(['--service-name', 'others']);
  await scene.listed('others');
}

function probesOf({ child }: App): number {
  return child.lines.filter((line) => line.startsWith('probe ')).length;
}

effect(['registration.auto_register'], 'off registers nothing, and calls work', async () => {
  await using scene = await aFlagScene();
  await othersAreRegistered(scene);
  const app = await scene.start(['--service-name', 'orders', '--no-auto-register']);
  expect((await app.get('/call?http://others/')).text).toBe('answered: hello');
  expectNothing(scene.dev, 'orders');
});

effect(['registration.register_on_request'], 'registers with the first request', async () => {
  await using scene = await aFlagScene();
  const app = await scene.start([
    ...['--service-name', 'orders', '--register-on-request', '--show-detection'],
  ]);
  await app.child.line(/^nacos-serving detected port/);
  await othersAreRegistered(scene);
  expectNothing(scene.dev, 'orders');
  expect((await app.get('/')).text).toBe('hello');
  expect(await scene.listed('orders')).toMatchObject({ port: app.port });
});

effect(
  ['registration.register_on_startup'],
  'registers without a request, also next to --register-on-request; off it does not',
  async () => {
    await using scene = await aFlagScene();
    const off = await scene.start([
      ...['--service-name', 'off', '--register-on-startup=false', '--log-level', 'debug'],
    ]);
    const flags = ['--register-on-startup', '--register-on-request'];
    await scene.start(['--service-name', 'orders', ...flags]);
    await scene.listed('orders');
    await off.get('/');
    await othersAreRegistered(scene);
    expectNothing(scene.dev, 'off');
  },
);

/** One that the server means: nothing but the flags says when to ask again. */
const REFUSAL = { errorCode: 400, message: 'not today', times: Number.POSITIVE_INFINITY };

effect(['registration.retry_times'], 'is how often it tries before it says so', async () => {
  await using scene = await aFlagScene();
  scene.dev.faults.fail('InstanceRequest', REFUSAL);
  const { child } = await scene.start([
    ...['--service-name', 'orders', '--retry-times', '4', '--retry-interval', '0.1'],
  ]);
  await child.line(/orders .* is not registered after 5 attempts in .*not today.*; going on$/);
  expect(scene.asked('InstanceRequest')).toBeGreaterThanOrEqual(5);
  // It goes on, indeed.
  await scene.dev.faults.clear();
  await scene.listed('orders');
});

effect(['registration.retry_interval'], 'is the time from try to try', async () => {
  await using scene = await aFlagScene();
  await using patient = await aFlagScene();
  for (const { dev } of [scene, patient]) dev.faults.fail('InstanceRequest', REFUSAL);
  const waits = await patient.start([
    ...['--service-name', 'orders', '--retry-times', '2', '--retry-interval', NEVER],
  ]);
  await waits.child.line(/Nacos refuses orders .*; trying again/);
  const { child } = await scene.start([
    ...['--service-name', 'orders', '--retry-times', '2', '--retry-interval', '0.1'],
  ]);
  await child.line(/after 3 attempts/);
  expect(patient.asked('InstanceRequest')).toBe(1);
});

effect(['registration.fail_fast'], 'ends the process with 1 after the tries', async () => {
  await using scene = await aFlagScene();
  scene.dev.faults.fail('InstanceRequest', REFUSAL);
  const { child } = await scene.start([
    ...['--service-name', 'orders', '--fail-fast', '--retry-times', '1', '--retry-interval', '0.1'],
  ]);
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expect(child.lines.join('\n')).toMatch(/fail-fast: orders .* after 2 attempts/);
});

effect(['registration.show_detection'], 'shows what was looked at, with reasons', async () => {
  await using scene = await aFlagScene();
  const flags = ['--service-name', 'orders', '--show-detection', '--log-level', 'silent'];
  const { child, port } = await scene.start(flags);
  const at = String(port);
  await child.line(new RegExp(`^nacos-serving detected port \\+ ${at}: as bound$`));
  for (const what of [
    /^nacos-serving detected name \+ orders: as given/,
    /^nacos-serving detected address - 127\.0\.0\.1 of \S+: loopback$/,
    /^nacos-serving detected address \+ /,
    new RegExp(`^nacos-serving detected server \\+ http on .*:${at}: `),
  ]) {
    await child.line(what);
  }
  // The log is silent: the detection is all that there is.
  expect(ownLines(child).filter((line) => !line.startsWith('nacos-serving detected '))).toEqual([]);
});

effect(['readiness.path', 'readiness.interval'], 'ask the app until it says yes', async () => {
  await using scene = await aFlagScene();
  const env = { READY_AFTER: '3' };
  const flags = ['--readiness-path', '/ready', '--readiness-interval'];
  const patient = await scene.start(['--service-name', 'patient', ...flags, NEVER], { env });
  await patient.child.line(/^probe 1$/);
  const app = await scene.start(['--service-name', 'orders', ...flags, '0.05'], { env });
  await scene.listed('orders');
  expect([probesOf(app), probesOf(patient)]).toEqual([3, 1]);
  expectNothing(scene.dev, 'patient');
});

effect(['readiness.delay'], 'comes before the registration', async () => {
  await using scene = await aFlagScene();
  await scene.start(['--service-name', 'patient', '--readiness-delay', NEVER]);
  await scene.start(['--service-name', 'orders', '--readiness-delay', '0.2']);
  await scene.listed('orders');
  expectNothing(scene.dev, 'patient');
});

effect(['readiness.register_disabled'], 'registers at once and enables later', async () => {
  await using scene = await aFlagScene();
  const app = await scene.start(
    [
      ...['--service-name', 'orders', '--register-disabled'],
      ...['--readiness-path', '/ready', '--readiness-interval', '0.05'],
    ],
    { env: { READY_AFTER: '1000000' } },
  );
  expect(await scene.listed('orders')).toMatchObject({ enabled: false });
  await eventually(() => {
    expect(probesOf(app)).toBeGreaterThan(0);
  });
  await scene.start(
    [
      ...['--service-name', 'ready', '--register-disabled'],
      ...['--readiness-path', '/ready', '--readiness-interval', '0.05'],
    ],
    { env: { READY_AFTER: '2' } },
  );
  await eventually(async () => {
    expect(await scene.listed('ready')).toMatchObject({ enabled: true });
  });
});

effect(['health.path'], 'is answered by us on the server of the app', async () => {
  await using scene = await aFlagScene();
  const app = await scene.start(['--service-name', 'orders', '--health-path', '/healthz']);
  // 503 by us until it is registered; before that, perhaps, an answer of the app.
  await eventually(async () => {
    const { status, text } = await app.get('/healthz');
    expect({ status, isOfTheApp: text === 'hello' }).toEqual({ status: 200, isOfTheApp: false });
  });
  expect((await app.get('/')).text).toBe('hello');
});

effect(['health.port'], 'is a server of its own', async () => {
  await using scene = await aFlagScene();
  const { child } = await scene.start([
    ...['--service-name', 'orders', '--health-port', '0', '--readiness-delay', NEVER],
  ]);
  const [, port] = await child.line(/health is answered on port (\d+)/);
  const response = await fetch(`http://127.0.0.1:${String(port)}/`, {
    headers: { connection: 'close' },
  });
  expect(response.status).toBe(503);
});

effect(['control.enabled'], 'lets nacos-serving status reach the process, or not', async () => {
  await using scene = await aFlagScene();
  const open = await scene.start(['--service-name', 'open']);
  const shut = await scene.start(['--service-name', 'shut', '--no-control']);
  await scene.listed('open');
  await scene.listed('shut');
  await eventually(async () => {
    expect(await scene.tell(['status', '--pid', String(open.pid)])).toMatchObject({ code: 0 });
  });
  expect(await scene.tell(['status', '--pid', String(shut.pid)])).toMatchObject({ code: 1 });
});
