import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PushedLists } from '../../../src/naming/pushed-lists.js';
import { decodeJson } from '../../../src/wire/json.js';
import { readServiceInfo } from '../../../src/wire/messages/naming.js';

const TYPE = 'NotifySubscriberRequest';

interface Row {
  readonly [key: string]: unknown;
}

function rowOf(index: number, change: Row = {}): Row {
  const ip = `10.0.${String(Math.floor(index / 250))}.${String(index % 250)}`;
  return {
    instanceId: `${ip}#8080#DEFAULT#DEFAULT_GROUP@@orders`,
    ip,
    port: 8080,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    clusterName: 'DEFAULT',
    serviceName: 'DEFAULT_GROUP@@orders',
    metadata: { version: '1.4.2', zone: 'a', note: 'x'.repeat(200) },
    ...change,
  };
}

function manyRows(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => rowOf(index));
}

function textOf(hosts: readonly unknown[], lastRefTime = 1): string {
  const serviceInfo = { name: 'orders', groupName: 'DEFAULT_GROUP', clusters: '', hosts };
  const rest = { lastRefTime, checksum: '', reachProtectionThreshold: false, valid: true };
  return JSON.stringify({
    headers: {},
    requestId: '7',
    serviceInfo: { ...serviceInfo, ...rest },
    module: 'naming',
  });
}

function readAs(lists: PushedLists, text: string): ReturnType<typeof readPlain> {
  const { requestId, body } = lists.read(Buffer.from(text), TYPE);
  return { requestId, info: body };
}

function readPlain(text: string): {
  readonly requestId: unknown;
  readonly info: ReturnType<typeof readServiceInfo>;
} {
  const body = decodeJson(Buffer.from(text), TYPE);
  return { requestId: body['requestId'], info: readServiceInfo(body) };
}

/** The lists one after the other, each compared with what the plain reader says. Returns all hosts. */
function readAll(...texts: readonly string[]): (readonly object[])[] {
  const lists = new PushedLists();
  return texts.map((text) => {
    const read = readAs(lists, text);
    expect(read).toEqual(readPlain(text));
    return read.info?.hosts ?? [];
  });
}

function countShared(before: readonly object[] = [], after: readonly object[] = []): number {
  const known = new Set(before);
  return after.filter((host) => known.has(host)).length;
}

describe('a pushed list', () => {
  it('that differs in one row keeps the objects of all others', () => {
    const rows = manyRows(300);
    const changed = rows.with(120, rowOf(120, { weight: 7 }));
    const [first, second] = readAll(textOf(rows), textOf(changed, 2));
    expect(countShared(first, second)).toBe(299);
  });

  it.each([
    ['one row more in front', (rows: Row[]) => [rowOf(900), ...rows], 300],
    ['one row more at the end', (rows: Row[]) => [...rows, rowOf(900)], 300],
    ['one row less', (rows: Row[]) => rows.toSpliced(120, 1), 299],
    ['the first and the last row gone', (rows: Row[]) => rows.slice(1, -1), 298],
    ['a row moved', (rows: Row[]) => [...rows.toSpliced(10, 1), rowOf(10)], 299],
    [
      'two rows changed',
      (rows: Row[]) => rows.with(0, rowOf(0, { port: 1 })).with(299, rowOf(299, { port: 1 })),
      298,
    ],
  ] as const)('with %s keeps the objects of what stays', (_what, change, shared) => {
    const rows = manyRows(300);
    const [first, second, third] = readAll(textOf(rows), textOf(change(rows), 2), textOf(rows, 3));
    expect(countShared(first, second)).toBeGreaterThanOrEqual(shared - 1);
    expect(countShared(second, third)).toBeGreaterThanOrEqual(shared - 1);
  });

  it('in another order is read as a whole, and the next one in that order is known', () => {
    const rows = manyRows(300);
    const turned = rows.toReversed();
    const [, second, third] = readAll(textOf(rows), textOf(turned, 2), textOf(turned, 3));
    expect(countShared(second, third)).toBe(300);
  });

  it('of a service that is followed no more is forgotten', () => {
    const lists = new PushedLists();
    const text = textOf(manyRows(300));
    const first = readAs(lists, text).info?.hosts;
    expect(countShared(first, readAs(lists, text).info?.hosts)).toBe(300);
    lists.forget({ group: 'DEFAULT_GROUP', name: 'orders' });
    expect(countShared(first, readAs(lists, text).info?.hosts)).toBe(0);
    const known = readAs(lists, text).info?.hosts;
    lists.clear();
    expect(countShared(known, readAs(lists, text).info?.hosts)).toBe(0);
  });

  it.each([
    [
      'eight neighbours changed',
      (rows: Row[]) => rows.map((row, at) => (at > 9 && at < 18 ? rowOf(at, { port: 1 }) : row)),
      292,
    ],
    ['eight neighbours gone', (rows: Row[]) => rows.toSpliced(10, 8), 292],
  ] as const)('with %s keeps the objects of all others', (_what, change, shared) => {
    const rows = manyRows(300);
    const [first, second] = readAll(textOf(rows), textOf(change(rows), 2));
    expect(countShared(first, second)).toBe(shared);
  });

  it('that was long once is forgotten when it is short', () => {
    const long = textOf(manyRows(300));
    const [first, , third] = readAll(long, textOf([], 2), long);
    expect(countShared(first, third)).toBe(0);
  });

  it('whose rows have lists inside is read as JSON says, also by those that follow', () => {
    const rows = manyRows(60);
    const inner = { instanceId: 1 };
    const last = { ip: 'L', instanceId: 'l' };
    const lists = new PushedLists();
    const listOf = (...x: readonly unknown[]) =>
      textOf([...rows, { instanceId: 'a', ip: 'A', x }, last]);
    for (const text of [listOf(inner, inner), listOf(inner, { instanceId: 'n', ip: 'N' }, inner)]) {
      expect(readAs(lists, text)).toEqual(readPlain(text));
    }
    const broken = listOf(inner, inner).replace(/,\{"instanceId":1\}\]\},.*?\}\],/, '],');
    expect(() => readPlain(broken)).toThrow('is not JSON');
    expect(() => readAs(lists, broken)).toThrow('is not JSON');
  });

  it('with a byte order mark between rows is refused', () => {
    const lists = new PushedLists();
    const sound = textOf(manyRows(100));
    readAs(lists, sound);
    const marked = textOf([...manyRows(100), rowOf(900)]).replace(
      '},{"instanceId":"10.0.3.150',
      '},\uFEFF{"instanceId":"10.0.3.150',
    );
    expect(marked).toContain('\uFEFF');
    expect(() => readAs(lists, marked)).toThrow('is not JSON');
  });

  it('of few instances is not kept', () => {
    const [first, second] = readAll(textOf(manyRows(3)), textOf(manyRows(3), 2));
    expect(countShared(first, second)).toBe(0);
  });

  it('with texts that look like borders, in any script, is read as JSON says', () => {
    const odd = [
      rowOf(1, { metadata: { a: '},{"instanceId":', b: '"hosts":[', c: '}]', d: '}],"x":[{' } }),
      rowOf(2, { metadata: { größe: '订单', '\u2028': '\ud83d\ude00' } }),
      rowOf(3, { extra: [{ instanceId: 1 }, { instanceId: 2 }] }),
      { ip: '10.9.9.9', port: 1, instanceId: 'last' },
      rowOf(4, { metadata: null }),
    ];
    const rows = manyRows(100);
    readAll(
      textOf([...rows, ...odd]),
      textOf([...odd, ...rows], 2),
      textOf([...odd.toReversed(), ...rows], 3),
      textOf(rows, 4),
      textOf([...rows, null, 7, 'x', []], 5),
      textOf([...rows, ...odd], 6),
    );
  });

  it.each([
    ['a comma too much', (text: string) => text.replace('}],"last', '},],"last')],
    ['a row cut off', (text: string) => text.replace('}],"last', '],"last')],
    ['no comma between rows', (text: string) => text.replace('},{"instanceId"', '}{"instanceId"')],
    ['words between rows', (text: string) => text.replace('},{"instanceId"', '} x,{"instanceId"')],
    ['an end that is missing', (text: string) => text.slice(0, -1)],
    ['a row that is no JSON', (text: string) => text.replace('"healthy":true', '"healthy":yes')],
  ])('that is broken by %s is refused, before and after a sound one', (_what, damage) => {
    const lists = new PushedLists();
    const sound = textOf(manyRows(100));
    for (let turn = 0; turn < 2; turn += 1) {
      expect(() => readAs(lists, damage(sound))).toThrow('is not JSON');
      expect(readAs(lists, sound)).toEqual(readPlain(sound));
    }
  });

  it('that is no UTF-8 is refused', () => {
    const lists = new PushedLists();
    const bytes = Buffer.from(textOf(manyRows(100)));
    bytes[bytes.indexOf('1.4.2')] = 0xff;
    expect(() => lists.read(bytes, TYPE)).toThrow('is not JSON');
  });

  it('with its list in another place, or under two names, is read as JSON says', () => {
    const rows = JSON.stringify(manyRows(100));
    const empty = textOf([]);
    readAll(
      empty.replace('"headers":{}', `"headers":{"hosts":${rows}}`),
      textOf(manyRows(100)).replace('"hosts":', '"others":[],"hosts":'),
      empty.replace('"hosts":[]', `"hosts" : ${rows}`),
      empty
        .replace('"hosts":[]', '"hosts" : [{"ip":"real"}]')
        .replace('"module"', `"other":{"hosts":${rows}},"module"`),
      empty.replace('"hosts":[]', `"hosts" : [{"ip":"real"}],"x\\"hosts":${rows}`),
      empty.replace('"hosts":[]', `"hosts":${rows},"\\u0068osts":[]`),
      empty.replace('"hosts":[]', `"hosts":${rows.replaceAll('},{', '} , {')}`),
    );
  });

  it('is read as the plain reader does, whatever changes', () => {
    const row = fc.record({
      key: fc.constantFrom('instanceId', 'ip', 'x'),
      at: fc.nat(400),
      text: fc.string({ unit: 'binary' }),
    });
    const step = fc.record({
      from: fc.nat(120),
      remove: fc.nat(4),
      rows: fc.array(row, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        let rows = manyRows(120);
        const texts = [textOf(rows)];
        for (const { from, remove, rows: added } of steps) {
          const fresh = added.map(({ key, at, text }) => ({
            [key]: text,
            ...rowOf(at),
            metadata: { text },
          }));
          rows = rows.toSpliced(from, remove, ...fresh);
          texts.push(textOf(rows, texts.length));
        }
        readAll(...texts);
      }),
    );
  });
});
