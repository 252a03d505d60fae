import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { configurationPage } from '../../../scripts/docs-configuration.js';

const PAGE = path.resolve(import.meta.dirname, '..', '..', '..', 'docs', 'configuration.md');

describe('docs/configuration.md', () => {
  it('says what the table of options says', async () => {
    await expect(configurationPage()).toMatchFileSnapshot(PAGE);
  });
});
