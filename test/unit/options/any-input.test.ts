import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../src/errors.js';
import { readCode } from '../../../src/options/code.js';
import { parseJsonTree } from '../../../src/options/json-tree.js';
import { loadOptions } from '../../../src/options/load.js';
import { ALL_ROWS, OPTION_ROWS } from '../../../src/options/schema.js';
import { readValue } from '../../../src/options/validate.js';
import { parseCommandLine } from '../../../src/cli/args.js';
import { FileSyntaxError } from '../../../src/options/file-tree.js';
import { load } from './loading.js';

/** Runs `read`; anything but a ConfigError of one line fails the property. */
function onlyConfigErrors(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toMatch(/[\r\n]/);
  }
}

const word = fc.oneof(
  fc.string(),
  fc.constantFrom('--', '-', '=', 'run', 'dev', 'app.js', 'true', '1', 'a=b', '-h', '__proto__'),
  fc.constantFrom(...ALL_ROWS.flatMap(({ flag }) => [`--${flag}`, `--no-${flag}`, `--${flag}=`])),
);
const scalar = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));

describe('whatever is given, only ConfigErrors come out', () => {
  it('of the command line', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) =>
        onlyConfigErrors(() => parseCommandLine(words)),
      ),
    );
  });

  it('of variables and flags', () => {
    const env = fc.dictionary(
      fc.constantFrom('NACOS_SERVING_CLI', 'NACOS_PORT', ...ALL_ROWS.map((row) => row.env)),
      fc.oneof(fc.string(), fc.json()),
    );
    const cli = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom(...ALL_ROWS.map((row) => row.path))),
      fc.oneof(fc.string(), fc.array(fc.string())),
    );
    fc.assert(
      fc.property(env, cli, (variables, values) =>
        onlyConfigErrors(() =>
          loadOptions({ env: variables, cli: values, cwd: '/no/such/folder' }),
        ),
      ),
    );
  });

  it('of code', () => {
    const key = fc.constantFrom(
      'server',
      'service',
      'name',
      'port',
      'metadata',
      'shutdown',
      'timeoutMs',
    );
    const area = fc.oneof(fc.dictionary(key, fc.anything()), fc.anything());
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(key, area), fc.anything()), (code) =>
        onlyConfigErrors(() => {
          for (const { row, raw } of readCode(code))
            readValue(row, raw, { cwd: '/', fromCode: true });
        }),
      ),
    );
  });

  it('of YAML and JSON files', () => {
    const area = fc.constantFrom('nacos', 'service', 'shutdown', 'logging', 'x');
    const key = fc.constantFrom(
      ...OPTION_ROWS.map((row) => row.path.replace(/^.*\./, '')),
      '<<',
      'y',
    );
    const tree = fc.dictionary(
      area,
      fc.oneof(fc.dictionary(key, fc.oneof(scalar, fc.jsonValue())), scalar),
    );
    const text = fc.oneof(
      tree.map((value) => JSON.stringify(value)),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('nacos.yaml', 'nacos.json', 'package.json'),
        (content, name) => onlyConfigErrors(() => load({ files: { [name]: content } })),
      ),
      { numRuns: 200 },
    );
  });
});

describe('JSON with places', () => {
  it('accepts exactly what JSON.parse accepts', () => {
    const nearJson = fc
      .tuple(
        fc.json({ maxDepth: 5 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '0', ' ', '\\', '-', '.'),
      )
      .map(([text, at, insert]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + insert + text.slice(cut + (at % 2));
      });
    fc.assert(
      fc.property(nearJson, (text) => {
        expect(accepts(() => parseJsonTree(text))).toBe(accepts(() => JSON.parse(text) as unknown));
      }),
      { numRuns: 1000 },
    );
  });
});

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    expect(error instanceof SyntaxError || error instanceof FileSyntaxError).toBe(true);
    return false;
  }
}
