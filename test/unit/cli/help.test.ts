import { describe, expect, it } from 'vitest';

import { DEV_ROWS } from '../../../src/cli/args.js';
import { helpText } from '../../../src/cli/help.js';
import { OPTION_ROWS } from '../../../src/options/schema.js';

describe('help', () => {
  it.each([undefined, 'run', 'help'] as const)(
    'on %s shows every flag with its variable',
    (about) => {
      const text = helpText(about);
      for (const row of OPTION_ROWS) {
        expect(text).toContain(`  --${row.flag}`);
        expect(text).toContain(row.env);
        expect(text.replace(/\s+/g, ' ')).toContain(row.doc);
      }
    },
  );

  it('on dev shows the flags of dev only', () => {
    const text = helpText('dev');
    for (const row of DEV_ROWS) expect(text).toContain(`--${row.flag}`);
    expect(text).not.toContain('--service-name');
  });

  it('fits a terminal and ends with a line end', () => {
    for (const text of [helpText(undefined), helpText('dev')]) {
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
      expect(text).toMatch(/\S\n$/);
    }
  });
});
