/**
 * Owns the JSON Schema of nacos.yaml and nacos.json, made from the table of options, so that editors know keys, values and texts. Called by
 * test/unit/options/json-schema.test.ts, which fails when schema/nacos.schema.json is stale; `npx vitest run
 * test/unit/options/json-schema.test.ts -u` writes it. The loader stays the judge: the schema refuses nothing that the
 * loader takes, but for a host called `true`.
 */
import { format } from 'prettier';

import { ALL_ROWS, camelCase, splitPath, type OptionRow } from '../src/options/schema.js';

type Schema = Readonly<Record<string, unknown>>;

/** `nothing stands there` means not given, in every place. */
const NULL: Schema = { type: 'null' };
/** A plain decimal number in quotes. */
const DECIMAL = String.raw`^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$`;
const AUTO: Schema = { const: 'auto' };

/** The file as it is committed. */
export function schemaText(): Promise<string> {
  return format(JSON.stringify(nacosSchema()), { parser: 'json', printWidth: 100 });
}

export function nacosSchema(): Schema {
  const areas = new Map<string, OptionRow[]>();
  for (const row of ALL_ROWS) {
    const [area] = splitPath(row.path);
    areas.set(area, [...(areas.get(area) ?? []), row]);
  }
  const named = [...areas].filter(([area]) => area !== '');
  const references = Object.fromEntries(
    named.map(([area]) => [area, { $ref: `#/definitions/${area}` }]),
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Generated from src/options/schema.ts by scripts/json-schema.ts; do not edit.',
    title: 'Options of nacos-serving',
    description: 'nacos.yaml, nacos.yml or nacos.json in the working directory of an app.',
    type: ['object', 'null'],
    properties: {
      nacos: { $ref: '#/definitions/nacos' },
      ...references,
      spring: {
        type: 'object',
        description: 'Keys of Spring Cloud Alibaba; see docs/migration.md.',
      },
    },
    patternProperties: { '^spring\\.': {} },
    additionalProperties: false,
    definitions: {
      nacos: mapOf(areas.get('') ?? [], references),
      ...Object.fromEntries(named.map(([area, rows]) => [area, mapOf(rows, {})])),
    },
  };
}

function mapOf(rows: readonly OptionRow[], others: Schema): Schema {
  const properties: Record<string, Schema> = {};
  const once: Schema[] = [];
  for (const row of rows) {
    const [, key] = splitPath(row.path);
    const camel = camelCase(key);
    properties[key] = valueOf(row);
    if (camel === key) continue;
    properties[camel] = valueOf(row);
    once.push({ not: { required: [key, camel] } });
  }
  return {
    type: ['object', 'null'],
    properties: { ...properties, ...others },
    additionalProperties: false,
    ...(once.length === 0 ? {} : { allOf: once }),
  };
}

function valueOf(row: OptionRow): Schema {
  const written = row.unset === undefined ? '' : ` Default: ${row.unset}.`;
  return {
    description: `${row.doc}${written}`,
    ...(row.unset === undefined && row.default !== undefined ? { default: row.default } : {}),
    anyOf: [...shapes(row), ...(row.auto === true ? [AUTO] : []), NULL],
  };
}

/** The first one is what editors offer. */
function shapes(row: OptionRow): readonly Schema[] {
  switch (row.kind) {
    case 'boolean':
      return [
        { type: 'boolean' },
        { type: 'string', pattern: words(['true', 'false', 'yes', 'no', 'on', 'off', '1', '0']) },
        { enum: [0, 1] },
      ];
    case 'port':
    case 'integer':
      return [ranged(row, 'integer'), { type: 'string', pattern: DECIMAL }];
    case 'number':
    case 'seconds':
      return [ranged(row, 'number'), { type: 'string', pattern: DECIMAL }];
    case 'choice': {
      const choices = row.choices ?? [];
      return [
        { enum: choices },
        { type: 'string', pattern: words([...choices, ...Object.keys(row.aliases ?? {})]) },
      ];
    }
    case 'text':
      return textShapes(row);
    case 'host':
      return [{ type: 'string', minLength: 1 }];
    case 'file':
      return [{ type: 'string', minLength: 1 }, { type: ['number', 'boolean'] }];
    case 'address-list':
      return [
        { type: 'string', minLength: 1 },
        { type: 'array', minItems: 1, items: SERVER },
      ];
    case 'list':
      return [
        { type: 'array', items: { type: ['string', 'number', 'boolean'] } },
        { type: ['string', 'number', 'boolean'] },
      ];
    case 'metadata':
      return [
        {
          type: 'object',
          additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
          propertyNames: { minLength: 1 },
        },
        { type: 'array', items: { type: 'string', pattern: '=' } },
        { type: 'string' },
      ];
    case 'services':
      return [
        { type: 'object', propertyNames: NAME, additionalProperties: servicePart() },
        { type: 'array', items: { type: ['string', 'number', 'boolean'] } },
        { type: ['string', 'number', 'boolean'] },
      ];
  }
}

const NAME: Schema = { type: 'string', pattern: '\\S' };

/** What is set for one service: the keys of rows that can be set for all, in both spellings, and its own. */
function servicePart(): Schema {
  const rows = ALL_ROWS.filter(({ perService }) => perService === true);
  const properties = rows.flatMap((row) => {
    const [, key] = splitPath(row.path);
    return [...new Set([key, camelCase(key)])].map((name) => [name, valueOf(row)] as const);
  });
  return {
    type: ['object', 'null'],
    properties: { ...Object.fromEntries(properties), ...SERVICE_KEYS },
    additionalProperties: false,
  };
}

const TEXTS: Schema = { type: 'array', items: { type: 'string' } };
const SOURCE: Schema = {
  anyOf: [
    { type: 'object', required: ['header'], properties: { header: { type: 'string' } } },
    { type: 'object', required: ['context'], properties: { context: { type: 'string' } } },
  ],
};
const INSTANCE: Schema = {
  anyOf: [
    { type: 'string', pattern: ':\\d+$' },
    { type: 'object', required: ['ip', 'port'] },
  ],
};
const SERVICE_KEYS: Readonly<Record<string, Schema>> = {
  group: { description: 'Where it is registered.', type: ['string', 'null'] },
  clusters: {
    description: 'Only instances of these clusters are called.',
    anyOf: [TEXTS, { type: 'string' }, NULL],
  },
  address: { description: 'Called instead of what the registry lists.', anyOf: [INSTANCE, NULL] },
  instances: {
    description: 'Called instead of what the registry lists.',
    anyOf: [{ type: 'array', items: INSTANCE }, { type: 'string' }, NULL],
  },
  routes: {
    description: 'Rules of gray release, in order.',
    anyOf: [
      {
        type: 'array',
        items: {
          type: 'object',
          required: ['from', 'to'],
          properties: {
            from: { anyOf: [SOURCE, { type: 'array', minItems: 1, items: SOURCE }] },
            equals: { type: 'string' },
            to: { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } },
            otherwise: { enum: ['any', 'none', 'unlabelled'] },
            untagged: { enum: ['any', 'unlabelled'] },
          },
          additionalProperties: false,
        },
      },
      NULL,
    ],
  },
};

const SERVER: Schema = {
  anyOf: [
    { type: 'string', minLength: 1 },
    {
      type: 'object',
      required: ['host'],
      properties: { host: { type: 'string' }, port: { type: ['integer', 'string'] } },
    },
  ],
};

/** What stands in the file counts as text, also where YAML sees a number: `name: 42`. */
function textShapes(row: OptionRow): readonly Schema[] {
  const aliases = Object.keys(row.aliases ?? {});
  // `[^]` is understood by JavaScript alone.
  const pattern = row.pattern?.source.replaceAll('[^]', String.raw`[\s\S]`);
  const text = { type: 'string', ...(pattern === undefined ? {} : { pattern }) };
  return [
    text,
    ...(aliases.length === 0 ? [] : [{ enum: aliases }]),
    // A path never looks like one.
    ...(row.pattern?.test('42') === false ? [] : [{ type: ['number', 'boolean'] }]),
  ];
}

function ranged(row: OptionRow, type: 'integer' | 'number'): Schema {
  return {
    type,
    ...(row.min === undefined ? {} : { minimum: row.min }),
    ...(row.max === undefined ? {} : { maximum: row.max }),
  };
}

/** One of these words, in whatever case. JSON Schema has no flag for that. */
function words(all: readonly string[]): string {
  const each = all.map((word) =>
    word.replace(/[a-z]/g, (sign) => `[${sign}${sign.toUpperCase()}]`),
  );
  return String.raw`^\s*(${each.join('|')})\s*$`;
}
