import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createDiscovery } from '../../../src/discovery/discovery.js';
import { compileRoutes } from '../../../src/discovery/routing.js';
import type { RouteRule } from '../../../src/discovery/service-settings.js';
import { silentLogger } from '../../../src/logger.js';
import { runWithRouting } from '../../../src/routing-context.js';
import { A_CALL, aCall } from '../../helpers/a-call.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';
import { aList, aRule, portsExcept, portsOf } from './selection-fixture.js';

const plain = anInstance({ port: 1 });
const gray = anInstance({ port: 2, metadata: { version: 'gray' } });
const blue = anInstance({ port: 3, metadata: { version: 'blue' } });
const all = [plain, gray, blue];
const routed = (rules: readonly RouteRule[], instances = all) =>
  aList(instances, { settings: { routes: rules } });
const tagged = (value: string) => aCall({ headers: { 'x-tag': value } });

describe('a route', () => {
  it('sends a value to the instances that are labelled with it', () => {
    const list = routed([aRule()]);
    expect(portsOf(list, tagged('gray'))).toEqual([2]);
    expect(portsOf(list, tagged('blue'))).toEqual([3]);
  });

  it.each([
    ['any', [1, 2, 3]],
    ['unlabelled', [1]],
    ['none', []],
  ] as const)('sends a value that nobody has to: %s', (otherwise, ports) => {
    const list = routed([aRule({ otherwise })]);
    expect(portsOf(list, tagged('green'))).toEqual(ports);
    expect(list.countUnrouted(tagged('green'))).toBe(otherwise === 'none' ? 3 : 0);
  });

  it('has nobody for a value when unlabelled ones are wanted and all are labelled', () => {
    const list = routed([aRule({ otherwise: 'unlabelled' })], [gray]);
    expect(portsOf(list, tagged('green'))).toEqual([]);
    expect(portsExcept(list, [], tagged('green'))).toEqual([]);
  });

  it('keeps calls without a value off labelled instances, as long as there are others', () => {
    expect(portsOf(routed([aRule()]), A_CALL)).toEqual([1]);
    expect(portsOf(routed([aRule()]), undefined)).toEqual([1]);
    expect(portsOf(routed([aRule()]), tagged(''))).toEqual([1]);
    expect(portsOf(routed([aRule()], [gray, blue]), A_CALL)).toEqual([2, 3]);
    expect(portsOf(routed([aRule({ untagged: 'any' })]), A_CALL)).toEqual([1, 2, 3]);
  });

  it('is for one value only when that is said', () => {
    const rules = [aRule({ equals: 'gray', otherwise: 'none' })];
    expect(portsOf(routed(rules), tagged('gray'))).toEqual([2]);
    expect(portsOf(routed(rules), tagged('blue'))).toEqual([1, 3]);
    expect(portsOf(routed(rules), A_CALL)).toEqual([1, 3]);
  });

  it('may want fixed metadata, several keys and a part of a text', () => {
    const instances = [
      plain,
      anInstance({ port: 4, metadata: { lane: 'lane-7', ready: 'yes' } }),
      anInstance({ port: 5, metadata: { lane: 'lane-7', ready: 'no' } }),
      anInstance({ port: 6, metadata: { lane: '7', ready: 'yes' } }),
    ];
    const lanes = routed([aRule({ to: { lane: 'lane-*', ready: 'yes' } })], instances);
    expect(portsOf(lanes, tagged('7'))).toEqual([4]);
    expect(portsOf(lanes, A_CALL)).toEqual([1, 5, 6]);
    const fixed = routed([aRule({ to: { ready: 'yes' } })], instances);
    expect(portsOf(fixed, tagged('whatever'))).toEqual([4, 6]);
    expect(portsOf(fixed, A_CALL)).toEqual([1, 5]);
    const twice = routed(
      [aRule({ to: { a: '*', b: '*' } })],
      [
        anInstance({ port: 7, metadata: { a: 'x', b: 'x' } }),
        anInstance({ port: 8, metadata: { a: 'x', b: 'y' } }),
      ],
    );
    expect(portsOf(twice, tagged('x'))).toEqual([7]);
  });

  it('takes the first source that has a value, and the first rule that has one', () => {
    const rules = [
      aRule({ from: [{ header: 'X-Tag' }, { context: 'Lane' }] }),
      aRule({ from: [{ header: 'x-zone' }], to: { zone: '*' }, otherwise: 'none' }),
    ];
    const list = routed(rules, [...all, anInstance({ port: 4, metadata: { zone: 'z' } })]);
    const inGray = <T>(run: () => T): T => runWithRouting({ lane: 'gray' }, run);
    expect(inGray(() => portsOf(list, tagged('blue')))).toEqual([3]);
    expect(inGray(() => portsOf(list, A_CALL))).toEqual([2]);
    expect(portsOf(list, aCall({ headers: { 'x-zone': 'z' } }))).toEqual([4]);
    expect(portsOf(list, aCall({ headers: { 'x-zone': 'z', 'x-tag': 'gray' } }))).toEqual([2]);
    expect(portsOf(list, A_CALL)).toEqual([1]);
  });

  it('reads a header of the request that is being served when the call has none', () => {
    const list = routed([aRule()]);
    runWithRouting({ 'X-Tag': 'gray' }, () => {
      expect(portsOf(list, A_CALL)).toEqual([2]);
      expect(portsOf(list, undefined)).toEqual([2]);
      expect(portsOf(list, tagged('blue'))).toEqual([3]);
    });
  });

  it('reads W3C baggage of the call itself as context', () => {
    const list = routed([aRule({ from: [{ context: 'lane' }] })]);
    const call = aCall({ headers: { baggage: 'a=b, LANE = gr%61y;p=1' } });
    expect(portsOf(list, call)).toEqual([2]);
  });

  it('reads by a function of the user, whatever that does', () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
    const listOf = (read: (call: { header(name: string): string | undefined }) => unknown) =>
      aList(all, {
        logger,
        // As from code without types.
        settings: { routes: [aRule({ from: [{ read: read as () => undefined }] })] },
      });
    expect(
      portsOf(
        listOf((call) => call.header('x-user')?.slice(0, 4)),
        aCall({ headers: { 'x-user': 'gray-7' } }),
      ),
    ).toEqual([2]);
    expect(
      portsOf(
        listOf(() => 7),
        A_CALL,
      ),
    ).toEqual([1]);
    const failing = listOf(() => {
      throw new Error('no user');
    });
    expect(portsOf(failing, A_CALL)).toEqual([1]);
    expect(warnings).toEqual(['the function of a route failed: Error: no user']);
  });

  it('goes before nearness, subset and exclusion', () => {
    const far = anInstance({ port: 9, cluster: 'WEST', metadata: { version: 'gray' } });
    const many = Array.from({ length: 50 }, (_, at) =>
      anInstance({ port: 100 + at, cluster: 'EAST' }),
    );
    const list = aList([...many, far, { ...far, port: 10 }], {
      settings: {
        routes: [aRule({ otherwise: 'none' })],
        locality: { cluster: 'EAST', zone: undefined },
        subsetSize: 2,
      },
    });
    expect(portsOf(list, tagged('gray'))).toEqual([9, 10]);
    expect(portsExcept(list, [9], tagged('gray'))).toEqual([10]);
    expect(portsExcept(list, [9, 10], tagged('gray'))).toEqual([]);
    expect(portsOf(list, A_CALL)).toHaveLength(2);
  });

  it.each<[unknown]>([
    [{}],
    [[{ from: [], to: {}, otherwise: 'any' }]],
    [[{ from: [{ header: 'x' }], to: { version: 1 }, otherwise: 'any' }]],
    [[{ from: [{ header: 'x' }], to: { version: '*' }, otherwise: 'some' }]],
    [[null]],
  ])('that is none is refused: %j', (rules) => {
    const discovery = createDiscovery({ naming: createFakeNaming().api, logger: silentLogger });
    expect(() => discovery.setRoutes('orders', rules as [])).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/^routes = .* \(code\): must be a list/) as unknown,
      }),
    );
  });

  it('changes with the next call', () => {
    const list = routed([aRule()]);
    expect(portsOf(list, tagged('gray'))).toEqual([2]);
    list.useRoutes([]);
    expect(portsOf(list, tagged('gray'))).toEqual([1, 2, 3]);
    list.useRoutes(compileRoutes([aRule({ to: { version: 'blue' } })], silentLogger));
    expect(portsOf(list, tagged('gray'))).toEqual([3]);
    list.reweigh();
    expect(portsOf(list, tagged('gray'))).toEqual([3]);
  });

  it('keeps balancers of a value from call to call', () => {
    let built = 0;
    const list = aList(all, {
      settings: {
        routes: [aRule()],
        createBalancer: () => {
          built += 1;
          return { pick: () => 0, pickExcept: () => 0 };
        },
      },
    });
    for (let at = 0; at < 100; at += 1) list.pick(tagged(`unknown ${String(at)}`));
    expect(built).toBe(1);
    list.pick(tagged('gray'));
    list.pick(tagged('gray'));
    expect(built).toBe(2);
  });

  it('never sends a value to an instance with another label, whatever the list is', () => {
    const label = fc.constantFrom('a', 'b', 'c', '');
    fc.assert(
      fc.property(fc.array(label), label, (labels, value) => {
        const instances = labels.map((version, at) =>
          anInstance({ port: at + 1, metadata: version === '' ? {} : { version } }),
        );
        const ports = portsOf(routed([aRule({ otherwise: 'none' })], instances), tagged(value));
        const has = (wanted: string): number[] =>
          labels.flatMap((one, at) => (one === wanted ? [at + 1] : []));
        const everyone = labels.map((_, at) => at + 1);
        const expected = value === '' && has('').length === 0 ? everyone : has(value);
        expect(ports).toEqual(expected);
      }),
    );
  });
});

describe('explain', () => {
  it('says of each instance whether a call may go there, and the first reason why not', () => {
    const east = { cluster: 'EAST' };
    const list = aList(
      [
        anInstance({ port: 1, ...east }),
        anInstance({ port: 2, ...east, healthy: false }),
        anInstance({ port: 3, ...east, enabled: false }),
        anInstance({ port: 4, ...east, weight: 0 }),
        anInstance({ port: 5, cluster: 'NORTH' }),
        anInstance({ port: 6, cluster: 'WEST' }),
        anInstance({ port: 7, ...east, metadata: { version: 'gray' } }),
      ],
      {
        settings: {
          clusters: ['EAST', 'WEST'],
          locality: { cluster: 'EAST', zone: undefined },
          routes: [aRule()],
        },
        parts: { shareOf: () => 0.5 },
      },
    );
    const explained = list.explain(A_CALL);
    expect(explained.map(({ instance, whyNot }) => [instance.port, whyNot])).toEqual([
      [1, undefined],
      [2, 'unhealthy'],
      [3, 'disabled'],
      [4, 'weightless'],
      [5, 'other-cluster'],
      [6, 'farther'],
      [7, 'no-route'],
    ]);
    expect(explained.map(({ weight }) => weight)).toEqual([0.5, 0, 0, 0, 0, 0.5, 0.5]);
    expect(explained[6]?.target?.port).toBe(7);
    expect(list.filtered).toMatchObject({ otherCluster: 1, total: 7 });
    expect(list.explain(tagged('gray')).map(({ whyNot }) => whyNot)).toEqual([
      'no-route',
      'unhealthy',
      'disabled',
      'weightless',
      'other-cluster',
      'no-route',
      undefined,
    ]);
  });

  it('tells our part of a large list from the rest', () => {
    const instances = Array.from({ length: 9 }, (_, at) => anInstance({ port: at + 1 }));
    const list = aList(instances, { settings: { subsetSize: 4 } });
    const reasons = list.explain(undefined).map(({ whyNot }) => whyNot);
    expect(reasons.filter((one) => one === undefined)).toHaveLength(4);
    expect(reasons.filter((one) => one === 'not-in-subset')).toHaveLength(5);
  });
});
