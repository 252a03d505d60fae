import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { chineseConfigurationPage } from '../../../scripts/docs-configuration-zh.js';
import { configurationPage } from '../../../scripts/docs-configuration.js';
import { optionLines } from '../../../scripts/lib/docs-options.js';
import { chinese, SENTENCES } from '../../../scripts/lib/docs-options-zh.js';
import { SERVERS_ALLOWED } from '../../../src/options/server-list.js';

const DOCS = path.resolve(import.meta.dirname, '..', '..', '..', 'docs');

describe('docs/configuration.md', () => {
  it('says what the table of options says', async () => {
    await expect(configurationPage()).toMatchFileSnapshot(path.join(DOCS, 'configuration.md'));
  });
});

describe('docs/zh-CN/configuration.md', () => {
  it('has a Chinese text for each text of the table, and no further ones', () => {
    const asked = new Set<string>([SERVERS_ALLOWED]);
    optionLines((english) => {
      asked.add(english);
      return english;
    });
    expect([...asked].sort()).toEqual(Object.keys(SENTENCES).sort());
  });

  it('refuses a row whose sentence has no Chinese', () => {
    expect(() => chinese('A sentence that was just written.')).toThrow(
      'no Chinese for: A sentence that was just written.',
    );
  });

  it('says what the table of options says', async () => {
    await expect(chineseConfigurationPage()).toMatchFileSnapshot(
      path.join(DOCS, 'zh-CN', 'configuration.md'),
    );
  });
});
