import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { ERROR_CODES } from '../../../src/errors.js';

const ROW = /^\| `([A-Z_]+)` \| (\w+) \| (yes|no) \|/gm;

describe('docs/errors.md', () => {
  it('has one row for each error code with its class and retryability, and no other row', () => {
    const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(ROW)].map(([, code, name, retryable]) => ({
      code,
      name,
      retryable: retryable === 'yes',
    }));
    const defined = Object.entries(ERROR_CODES).map(([code, info]) => ({ code, ...info }));
    expect(documented).toEqual(defined);
  });
});
