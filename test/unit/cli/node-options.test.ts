import path from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  appEnvironment,
  PRELOAD_FILE,
  withLocalBins,
  withoutPreload,
  withPreload,
} from '../../../src/cli/node-options.js';

describe('the preload in NODE_OPTIONS', () => {
  it('stands in front of what is there, in quotes', () => {
    expect(withPreload(undefined, '/a b/r.cjs')).toBe('--require="/a b/r.cjs"');
    expect(withPreload('--max-old-space-size=99', '/r.cjs')).toBe(
      '--require="/r.cjs" --max-old-space-size=99',
    );
  });

  it('is there once, however often we are nested', () => {
    const once = withPreload('--trace-warnings', '/r.cjs');
    expect(withPreload(once, '/r.cjs')).toBe(once);
    expect(withoutPreload(once, '/r.cjs')).toBe('--trace-warnings');
  });

  it('leaves the preload of another copy alone', () => {
    expect(withPreload('--require="/other/r.cjs"', '/r.cjs')).toBe(
      '--require="/r.cjs" --require="/other/r.cjs"',
    );
  });

  it('escapes what Node reads inside quotes', () => {
    expect(withPreload('', 'C:\\a "b"\\r.cjs')).toBe('--require="C:\\\\a \\"b\\"\\\\r.cjs"');
  });

  it('is the CommonJS file beside this copy of the command line', () => {
    expect(path.isAbsolute(PRELOAD_FILE)).toBe(true);
    expect(PRELOAD_FILE).toMatch(/[\\/]entry[\\/]register\.cjs$/);
  });
});

describe('the environment of the app', () => {
  it('is ours plus the preload and the flags, also when there are none', () => {
    expect(appEnvironment({ A: '1', B: undefined }, {})).toEqual({
      A: '1',
      NODE_OPTIONS: withPreload('', PRELOAD_FILE),
      NACOS_SERVING_CLI: '{}',
    });
    const values = { namespace: 'a', 'service.metadata': ['a=1'] };
    expect(appEnvironment({}, values)['NACOS_SERVING_CLI']).toBe(JSON.stringify(values));
  });

  it('of a command has the local binaries in front of PATH, nearest first', () => {
    expect(withLocalBins({ PATH: '/bin' }, '/a/b')['PATH']).toBe(
      '/a/b/node_modules/.bin:/a/node_modules/.bin:/node_modules/.bin:/bin',
    );
    expect(withLocalBins({}, '/')['PATH']).toBe('/node_modules/.bin');
  });
});
