import { describe, expect, it } from 'vitest';

import { isFileName, metadataText, readFolder } from '../../../src/cli/commands/config-folder.js';
import { isNacosError } from '../../../src/errors.js';
import { tempFolder } from '../house/temp-folder.js';

describe('a folder of configs', () => {
  it('is read group by group, with the types of its metadata', () => {
    using folder = tempFolder({
      '.metadata.yml': metadataText([{ group: 'SHOP', dataId: 'app', type: 'yaml' }]),
      'SHOP/app': 'a: 1\n',
      'SHOP/b.json': '{}',
      'AUX/x': 'x',
    });
    expect(readFolder(folder.path)).toEqual([
      { group: 'AUX', dataId: 'x', type: '', content: 'x' },
      { group: 'SHOP', dataId: 'app', type: 'yaml', content: 'a: 1\n' },
      { group: 'SHOP', dataId: 'b.json', type: '', content: '{}' },
    ]);
  });

  it('may be what the console has exported', () => {
    using folder = tempFolder({
      '.metadata.yml': [
        'metadata:',
        "- appName: ''",
        '  dataId: app.conf',
        "  desc: 'what it: says'",
        '  group: DEFAULT_GROUP',
        '  type: properties',
        '- dataId: "b"',
        '  group: DEFAULT_GROUP',
        '  type: xml',
        '',
      ].join('\n'),
      'DEFAULT_GROUP/app.conf': 'a=1',
      'DEFAULT_GROUP/b': '<a/>',
    });
    expect(readFolder(folder.path).map(({ dataId, type }) => [dataId, type])).toEqual([
      ['app.conf', 'properties'],
      ['b', 'xml'],
    ]);
  });

  it('that is not there is an error that names it', () => {
    let refused: unknown;
    try {
      readFolder('/nowhere/at/all');
    } catch (error) {
      refused = error;
    }
    expect(isNacosError(refused)).toBe(true);
    expect(refused).toMatchObject({
      code: 'UNREADABLE_FILE',
      message: '/nowhere/at/all cannot be read: ENOENT',
    });
  });

  it.each(['..', '.', 'a/b', '', 'a b', '\u8ba2'])('never has a file of the name %j', (name) => {
    expect(isFileName(name)).toBe(false);
  });

  it.each(['app.yaml', '...', 'a:b', '.hidden'])('may have one of the name %j', (name) => {
    expect(isFileName(name)).toBe(true);
  });
});
