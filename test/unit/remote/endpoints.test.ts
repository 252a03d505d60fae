import { describe, expect, it } from 'vitest';

import { createEndpoints, type Endpoints } from '../../../src/remote/endpoints.js';
import type { Endpoint } from '../../../src/remote/transport.js';

const list = ['a', 'b', 'c'].map((host) => ({ host, port: 8848, grpcPort: 9848 }));
const nextOf = (endpoints: Endpoints): Endpoint => {
  const next = endpoints.next(new AbortController().signal);
  if (next instanceof Promise) throw new Error('a given list is there at once');
  return next;
};
const take = (count: number, random: number): string[] => {
  const endpoints = createEndpoints(list, () => random);
  return Array.from({ length: count }, () => nextOf(endpoints).host);
};

describe('the list of servers', () => {
  it.each([
    [0, ['a', 'b', 'c', 'a']],
    [0.34, ['b', 'c', 'a', 'b']],
    [0.999, ['c', 'a', 'b', 'c']],
  ])('goes round from a random start (%d)', (random, hosts) => {
    expect(take(4, random)).toEqual(hosts);
  });

  it('finds a listed server by its address and no other', () => {
    const endpoints = createEndpoints(list, () => 0);
    expect(endpoints.find('b')).toEqual({ host: 'b', port: 8848, grpcPort: 9848 });
    expect(endpoints.find('d')).toBeUndefined();
    expect(endpoints.find('')).toBeUndefined();
  });

  it('tells servers of one host apart by their port, if it makes sense', () => {
    const [first, second] = [1111, 2222].map((port) => ({
      host: 'a',
      port,
      grpcPort: port + 1000,
    }));
    const endpoints = createEndpoints(
      [first, second].flatMap((e) => e ?? []),
      () => 0,
    );
    expect(endpoints.find('a', '2222')).toEqual(second);
    for (const port of ['3222', 'nonsense', '', undefined]) {
      expect(endpoints.find('a', port)).toEqual(first);
    }
    expect(endpoints.find('b', '2222')).toBeUndefined();
  });

  it('refuses to be empty', () => {
    expect(() => createEndpoints([], () => 0)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });
});
