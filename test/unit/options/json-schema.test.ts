/** The JSON Schema of nacos.yaml against the loader: what editors underline has to be what the loader refuses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { nacosSchema, schemaText } from '../../../scripts/json-schema.js';
import { isNacosError } from '../../../src/errors.js';
import { ALL_ROWS, camelCase, fileKey, splitPath } from '../../../src/options/schema.js';
import { loadOptions } from '../../../src/options/load.js';
import { tempFolder } from '../house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const SCHEMA_FILE = path.join(ROOT, 'schema', 'nacos.schema.json');
const SAMPLE = path.join(ROOT, 'examples', 'nacos-yaml', 'app', 'nacos.yaml');

/** The validator that eslint brings: a schema of draft 7, as editors read it. */
type Validator = new () => { compile(schema: object): (data: unknown) => boolean };
const ofEslint = createRequire(createRequire(import.meta.url).resolve('eslint/package.json'));
const Ajv = ofEslint('ajv') as Validator; // that package exports its class
const validate = new Ajv().compile(nacosSchema());

function editorTakes(text: string): boolean {
  return validate(parse(text) ?? null);
}

/** One folder for thousands of files. */
const folder = tempFolder({});
afterAll(() => folder[Symbol.dispose]());

function loaderTakes(text: string): boolean {
  writeFileSync(path.join(folder.path, 'nacos.yaml'), text);
  try {
    loadOptions({ env: { NACOS_USERNAME: 'a', NACOS_PASSWORD: 'b' }, cwd: folder.path });
    return true;
  } catch (error) {
    if (isNacosError(error)) return false;
    throw error;
  }
}

/** Values as they stand in a file, good and bad ones of every kind. */
const VALUES = [
  ...['', '~', '""', 'auto', 'true', 'No', '"off"', 'maybe', 'abc', 'a_b', 'a b', '/x', '"@x"'],
  ...['0', '1', '7', '-1', '1.5', '99999', '"8"', '"abc1"', '10.0.0.1', '"10.0.0.1:80,b"'],
  ...['[]', '[a]', '[a, 5]', '["a=b"]', '{}', '{a: b}', '{a: 1}', '{a: [b]}', '[{host: a}]'],
  ...['[[a]]', '10.0.0.0/8', 'IPv4', 'WARNING', 'warn', 'silent', 'eth*, en0'],
];

describe('schema/nacos.schema.json', () => {
  it('says what the table of options says', async () => {
    await expect(await schemaText()).toMatchFileSnapshot(SCHEMA_FILE);
  });

  it('refuses nothing that the loader takes', () => {
    const wronglyRefused = ALL_ROWS.flatMap((row) =>
      VALUES.map((value) => entry(fileKey(row), value)).filter(
        // The editor first: only what it refuses costs a folder and a load.
        (text) => !editorTakes(text) && loaderTakes(text),
      ),
    );
    // A host may be called that, but nobody who writes it means a host.
    expect(wronglyRefused).toEqual(
      ['nacos.server', 'service.ip', 'service.advertised_ip'].map((key) => entry(key, 'true')),
    );
  });

  it('takes keys of Spring, which the loader reads for those who come from there', () => {
    for (const text of [
      'spring: {cloud: {nacos: {discovery: {group: A}}}}',
      'spring.application.name: orders',
    ]) {
      expect([editorTakes(text), loaderTakes(text)]).toEqual([true, true]);
    }
  });

  it('knows each option at the root and under nacos, in snake_case and camelCase', () => {
    for (const row of ALL_ROWS) {
      const [area, key] = splitPath(fileKey(row));
      for (const spelled of [key, camelCase(key)]) {
        const text = `${area}: {${spelled}: }`;
        expect(editorTakes(text) && loaderTakes(text)).toBe(true);
        const inside = `nacos: {${text}}`;
        expect(editorTakes(inside)).toBe(area !== 'nacos');
      }
    }
  });

  it('tells editors what each option does', () => {
    const text = readFileSync(SCHEMA_FILE, 'utf8');
    for (const row of ALL_ROWS) expect(text).toContain(JSON.stringify(row.doc).slice(1, -1));
  });

  it('takes the sample, and so does the loader', () => {
    const sample = readFileSync(SAMPLE, 'utf8');
    expect([editorTakes(sample), loaderTakes(sample)]).toEqual([true, true]);
  });
});

function entry(key: string, value: string): string {
  const [area, inner] = splitPath(key);
  return `${area}:\n  ${inner}: ${value}\n`;
}

describe('a file that the loader refuses', () => {
  it.each([
    ['an unknown key', 'service: {prot: 80}'],
    ['an unknown area', 'services: {name: a}'],
    ['an option in the wrong place', 'server: 127.0.0.1:8848'],
    ['an area inside another', 'service: {nacos: {server: a}}'],
    ['a key in both spellings', 'registration: {retry_times: 1, retryTimes: 2}'],
    ['a port out of range', 'service: {port: 99999}'],
    ['a port that is none', 'service: {port: http}'],
    ['a time out of range', 'heartbeat: {interval: 60}'],
    ['a time with a unit', 'shutdown: {timeout: 10s}'],
    ['a weight below zero', 'service: {weight: -1}'],
    ['a boolean that is none', 'discovery: {empty_protection: maybe}'],
    ['an unknown level', 'logging: {level: loud}'],
    ['an unknown family', 'network: {family: ipv5}'],
    ['a name that Nacos refuses', 'service: {name: "a b"}'],
    ['a group that Nacos refuses', 'service: {group: a/b}'],
    ['a path without slash', 'readiness: {path: ready}'],
    ['metadata with maps inside', 'service: {metadata: {a: {b: c}}}'],
    ['a list where one value belongs', 'service: {name: [a]}'],
    ['an area that is a text', 'service: orders'],
    ['a file that is a list', '- service'],
    ['no server at all', 'nacos: {server: []}'],
  ])('is underlined by editors: %s', (_, text) => {
    expect([loaderTakes(text), editorTakes(text)]).toEqual([false, false]);
  });
});
