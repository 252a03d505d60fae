import { describe, expect, it } from 'vitest';

import { DeclaredServices } from '../../../src/discovery/declared-services.js';

const declared = new DeclaredServices({
  '*': 'all',
  '*.internal': 'short',
  '*.pay.internal': 'long',
  'demo.api': 'exact',
  'Demo.API': 'other case',
  'Café.*': 'accent',
  'a+b': 'signs',
});

describe('declared services', () => {
  it.each([
    ['demo.api', 'exact'],
    ['Demo.API', 'other case'],
    ['DEMO.api', 'exact'],
    ['x.internal', 'short'],
    ['x.y.INTERNAL', 'short'],
    ['x.pay.internal', 'long'],
    ['café.eu', 'accent'],
    ['xn--caf-dma.eu', 'accent'],
    ['a+b', 'signs'],
    ['aab', 'all'],
  ])('%s is what is set for %s', (name, value) => {
    expect(declared.of(name)).toBe(value);
    expect(declared.of(name)).toBe(value);
  });

  it('knows nothing else', () => {
    const few = new DeclaredServices({ orders: 1, '*.internal': 2 });
    expect(['order', 'orders.eu', 'internal', 'x.internal.eu'].map((name) => few.of(name))).toEqual(
      [undefined, undefined, undefined, undefined],
    );
    expect(few.of('constructor')).toBeUndefined();
  });

  it('is empty without any', () => {
    expect(new DeclaredServices({}).isEmpty).toBe(true);
    expect(declared.isEmpty).toBe(false);
  });
});
