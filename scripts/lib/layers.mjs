/**
 * Owns the rules of who may import whom under src, and how long a file may be (docs/architecture.md). Called by
 * check-layers.mjs. Type-only imports count: what a type names, a reader has to know.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';

import { findCycles } from './cycles.mjs';
import { readImports } from './imports.mjs';

/** A part is a folder directly under src, or a file directly under src without its extension. Lowest first. */
const LEVELS = [
  'call-failure config-api errors logger diagnostics ejection live-facts model naming-api naming-rules process-hub route-rule routing-context settings-health util version',
  'metrics options wire',
  'remote',
  'naming config',
  'client',
  'discovery opentelemetry registration settings',
  'runtime',
  'adapters',
  'entry sidecar dev-server',
  'testing cli index',
].map((parts) => parts.split(' '));

/** Parts that may import these parts and nothing else, whatever their level. */
const ONLY = {
  // Client and server would share a bug if they shared more than the codec.
  'dev-server': ['wire', 'model', 'errors', 'logger', 'util', 'version'],
};

/** Parts that must not import these parts although the level would allow it. */
const NEVER = {
  // They get a NamingApi passed in.
  discovery: ['naming', 'client', 'remote', 'wire'],
  registration: ['naming', 'client', 'remote', 'wire'],
  adapters: ['remote', 'wire'],
};

/** Packages, and the parts that may import them. Any other package may not be imported at all. */
const PACKAGES = {
  // The user's own, and only in what only users of Nest load.
  '@nestjs/core': ['adapters'],
  '@grpc/grpc-js': ['dev-server'],
  // The user's own, and only in what is loaded for it.
  '@opentelemetry/api': ['opentelemetry'],
  yaml: ['options', 'settings'],
  // TOML is no format to write a parser for; this one has no dependencies and is loaded with the first TOML content.
  'smol-toml': ['settings'],
};

/** Parts that may name the types of packages which their user brings along. */
const HOST_TYPES = ['adapters', 'opentelemetry'];

const MAX_LINES = 400;
const HARD_MAX_LINES = 500;
const HEADER_LINES = 15;

const levelOf = (part) => LEVELS.findIndex((parts) => parts.includes(part));
const partOf = (file) => file.split('/')[0].replace(/\.[cm]?ts$/, '');
const label = (part) => `${part} (L${String(levelOf(part))})`;

/**
 * @param {string} root the folder that holds `src`
 * @returns {{ files: number, problems: string[] }}
 */
export function checkLayers(root) {
  const src = path.join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => /\.(?:ts|cts|mts)$/.test(file))
    .sort();
  const known = new Set(files);
  const graph = new Map();
  const problems = [];
  for (const file of files) {
    const text = readFileSync(path.join(src, file), 'utf8');
    const tooLong = lengthProblem(text);
    if (tooLong !== undefined) problems.push(`src/${file}: ${tooLong}`);
    graph.set(file, checkImports(file, text, known, problems));
  }
  for (const cycle of findCycles(graph)) {
    problems.push(`import cycle: ${cycle.map((file) => `src/${file}`).join(' -> ')}`);
  }
  if (files.length === 0) problems.push(`no sources under ${src}`);
  return { files: files.length, problems };
}

/** Adds what is wrong with the imports of one file to `problems`; returns the sources that it imports. */
function checkImports(file, text, known, problems) {
  const part = partOf(file);
  if (levelOf(part) < 0) {
    problems.push(`src/${file}: ${part} has no level in scripts/lib/layers.mjs`);
    return [];
  }
  const edges = [];
  for (const found of readImports(file, text)) {
    const where = `src/${file}:${String(found.line)}`;
    if (!found.specifier.startsWith('.')) {
      const why = whyNotPackage(part, found);
      if (why !== undefined) problems.push(`${where}: ${part} imports ${found.specifier}: ${why}`);
      continue;
    }
    const target = resolveSource(known, file, found.specifier);
    if (target === undefined) {
      problems.push(`${where}: ${found.specifier} is no source under src`);
      continue;
    }
    edges.push(target);
    const to = partOf(target);
    const why = levelOf(to) < 0 ? undefined : whyNotPart(part, to);
    if (why !== undefined) {
      problems.push(`${where}: ${label(part)} imports src/${target}, ${label(to)}: ${why}`);
    }
  }
  return edges;
}

/** The source that a relative import means: `./x.js` is x.ts, `./x.cjs` is x.cts. */
function resolveSource(known, from, specifier) {
  const target = path.posix.join(path.posix.dirname(from), specifier);
  const source = target.replace(/\.([cm]?)js$/, '.$1ts');
  return known.has(source) ? source : undefined;
}

/** Why `from` may not import `to`, or undefined. */
function whyNotPart(from, to) {
  if (from === to) return undefined;
  const only = ONLY[from];
  if (only !== undefined) {
    return only.includes(to) ? undefined : `${from} imports nothing but ${only.join(', ')}`;
  }
  if (NEVER[from]?.includes(to)) return `${from} never imports ${to}`;
  const [low, high] = [levelOf(to), levelOf(from)];
  if (low > high) return 'a part imports lower levels only';
  if (low === high && low > 0) return 'parts of one level do not see each other';
  return undefined;
}

function whyNotPackage(part, { specifier, typeOnly }) {
  if (specifier.startsWith('node:')) return undefined;
  if (isBuiltin(specifier)) return `write node:${specifier}`;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const allowed = PACKAGES[name];
  if (allowed?.includes(part)) return undefined;
  if (allowed !== undefined) return `only ${allowed.join(' and ')} may import ${name}`;
  if (HOST_TYPES.includes(part) && typeOnly) return undefined;
  return HOST_TYPES.includes(part)
    ? `${part} imports types only from packages that the user brings along`
    : `${name} is on no list of packages that src may import`;
}

function lengthProblem(text) {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const count = String(lines.length);
  if (lines.length > HARD_MAX_LINES) return `${count} lines: over ${String(HARD_MAX_LINES)}`;
  if (lines.length <= MAX_LINES) return undefined;
  return lines.slice(0, HEADER_LINES).some((line) => /^[\s/*]*Length: \S/.test(line))
    ? undefined
    : `${count} lines: over ${String(MAX_LINES)} needs a line "Length: <reason>" in its header`;
}
