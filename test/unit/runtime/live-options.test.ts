/** Our own options from config center: read as a layer, carried out, or refused whole. */
import { describe, expect, it, onTestFinished } from 'vitest';

import { ConfigError } from '../../../src/errors.js';
import { loadOptions, type LoadedOptions } from '../../../src/options/load.js';
import { LiveOptions, type LiveLayer } from '../../../src/runtime/live-options.js';
import { LiveRegistrations } from '../../../src/runtime/live-registrations.js';
import type { InstanceChange } from '../../../src/process-hub.js';
import type { Registrar } from '../../../src/registration/registrar-options.js';
import { settingsHealth } from '../../../src/settings-health.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { FakeConfig } from '../../helpers/fake-config.js';
import { tempFolder } from '../house/temp-folder.js';

const NAME = 'nacos:nacos-serving.yaml?group=DEFAULT_GROUP';

function scene(env: Readonly<Record<string, string>> = {}) {
  const folder = tempFolder({});
  const config = new FakeConfig();
  const clock = createFakeClock();
  const lines: string[] = [];
  const applied: LoadedOptions[] = [];
  let refusal: Error | undefined;
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const load = (live: LiveLayer | undefined): LoadedOptions =>
    loadOptions({ env, cwd: folder.path, live });
  const live = new LiveOptions({
    watch: 'nacos-serving.yaml',
    group: 'DEFAULT_GROUP',
    config: config.api,
    load,
    apply: async (loaded) => {
      if (refusal !== undefined) throw refusal;
      applied.push(loaded);
      return Promise.resolve();
    },
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    clock,
  });
  onTestFinished(async () => {
    await live.close();
    folder[Symbol.dispose]();
  });
  return { config, clock, live, lines, applied, refuse: (error?: Error) => (refusal = error) };
}

describe('options from config center', () => {
  it('count between the file and the environment, and say where they come from', async () => {
    const { config, applied, lines } = scene({ NACOS_SERVICE_WEIGHT: '3' });
    await config.put(
      'nacos-serving.yaml',
      'service:\n  weight: 9\n  metadata:\n    zone: b\ndiscovery:\n  retries: 5\n  services:\n    pay:\n      balancer: p2c\n',
    );
    await settle();
    expect(applied).toHaveLength(1);
    const { options, origins } = applied[0] ?? expect.unreachable();
    expect(options.service.weight).toBe(3);
    expect(options.service.metadata).toEqual({ zone: 'b' });
    expect(options.discovery.retries).toBe(5);
    expect(options.discovery.services).toEqual({ pay: { balancer: 'p2c' } });
    expect(origins['discovery.retries']).toBe('nacos-serving.yaml:6');
    expect(origins['service.weight']).toBe('env NACOS_SERVICE_WEIGHT');
    expect(lines.at(-1)).toBe(
      `info ${NAME} counts now: service.metadata, discovery.services, discovery.retries`,
    );
  });

  it('JSON will do, and what is removed gives the options of before', async () => {
    const { config, applied } = scene();
    await config.put('nacos-serving.yaml', '{"service": {"weight": 9}}');
    await settle();
    await config.remove('nacos-serving.yaml');
    await settle();
    expect(applied.map(({ options }) => options.service.weight)).toEqual([9, 1]);
  });

  it.each([
    [
      'service:\n  name: other\n',
      'service.name (nacos-serving.yaml:2:9) cannot change at run time',
    ],
    ['service:\n  wieght: 2\n', 'did you mean service.weight?'],
    ['service:\n  weight: heavy\n', 'service.weight = "heavy" (nacos-serving.yaml:2:11)'],
    ['service: [', 'not valid YAML'],
    ['spring:\n  application:\n    name: x\n', 'unknown key spring'],
    ['discovery:\n  services:\n    pay:\n      balancer: best\n', 'balancer'],
  ])('refuses %j, keeps the last good one, and says why', async (content, said) => {
    const { config, applied, live, lines } = scene();
    await config.put('nacos-serving.yaml', 'service: {weight: 2}');
    await settle();
    await config.put('nacos-serving.yaml', content);
    await settle();
    expect(applied).toHaveLength(1);
    expect(live.health).toMatchObject({ name: NAME, state: 'degraded' });
    expect(live.health.problem).toContain(said);
    expect(settingsHealth()).toContainEqual(live.health);
    expect(lines.at(-1)).toBe(`error ${live.health.problem ?? ''}; the last good one counts`);
    await config.put('nacos-serving.yaml', 'service: {weight: 3}');
    await settle();
    expect(applied.at(-1)?.options.service.weight).toBe(3);
    expect(live.health).toMatchObject({ state: 'ok', problem: undefined });
  });

  it('what cannot be carried out is refused too', async () => {
    const { config, live, refuse } = scene();
    refuse(new ConfigError('INVALID_INSTANCE', 'metadata is too long'));
    await config.put('nacos-serving.yaml', 'service: {weight: 2}');
    await settle();
    expect(live.health.problem).toBe(`${NAME} was refused: metadata is too long`);
  });

  it('the first registration waits for the first content, or for its absence, and not for ever', async () => {
    const absent = scene();
    expect(absent.live.isSettled).toBe(false);
    await settle();
    expect(absent.live.isSettled).toBe(true);
    expect(absent.clock.pending).toBe(0);
    expect(absent.clock.holding).toBe(0);
  });

  it('follows nothing after the end', async () => {
    const { config, live } = scene();
    await live.close();
    await live.close();
    expect(config.listeners()).toBe(0);
    expect(settingsHealth().map(({ name }) => name)).not.toContain(NAME);
  });
});

describe('changed options of registrations', () => {
  function registrations() {
    const sent: InstanceChange[] = [];
    let refusal: Error | undefined;
    const registrar = {
      check(change: InstanceChange) {
        if (refusal !== undefined) throw refusal;
        return change;
      },
      change(change: InstanceChange) {
        sent.push(change);
        return Promise.resolve([]);
      },
    } as unknown as Registrar;
    const lines: string[] = [];
    const log = (message: string) => void lines.push(message);
    const live = new LiveRegistrations({ debug: log, info: log, warn: log, error: log });
    const optionsOf = (service: { weight: number; metadata: Record<string, string> }) =>
      loadOptions({ env: {}, cwd: '/', code: { service } }).options;
    live.add(registrar, undefined, optionsOf({ weight: 1, metadata: { a: '1', b: '1' } }));
    return { live, sent, optionsOf, refuse: (error: Error) => (refusal = error) };
  }

  it('sends what differs from the options before, and nothing else', () => {
    const { live, sent, optionsOf } = registrations();
    live.prepare(() => optionsOf({ weight: 2, metadata: { a: '1', c: '3' } }))();
    expect(sent).toEqual([{ weight: 2, metadata: { b: null, c: '3' } }]);
    live.prepare(() => optionsOf({ weight: 2, metadata: { a: '1', c: '3' } }))();
    expect(sent).toHaveLength(1);
    live.prepare(() => optionsOf({ weight: 2, metadata: { a: '2', c: '3' } }))();
    expect(sent.at(-1)).toEqual({ metadata: { a: '2' } });
  });

  it('sends nothing when something refuses', () => {
    const { live, sent, optionsOf, refuse } = registrations();
    refuse(new ConfigError('INVALID_INSTANCE', 'too long'));
    expect(() => live.prepare(() => optionsOf({ weight: 2, metadata: {} }))).toThrow('too long');
    expect(sent).toEqual([]);
  });
});
