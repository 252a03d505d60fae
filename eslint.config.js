/**
 * Owns the lint rules. Three kinds: what typescript-eslint's strict, type-aware set finds; what the style guide
 * asks (CONTRIBUTING.md); and which files may touch the process, time and chance (docs/architecture.md).
 * Who may import whom is scripts/check-layers.mjs.
 */
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What only some places of src may touch. Each names who may, for the message. */
const PROCESS_INPUT = ['env', 'argv', 'argv0', 'cwd', 'chdir'].map((property) => ({
  object: 'process',
  property,
  message: 'Read in options/{env,file}.ts, cli and entry only, and passed on as values.',
}));
const PROCESS_CONTROL = [
  'exit',
  'exitCode',
  'kill',
  'abort',
  'emit',
  'on',
  'once',
  'addListener',
  'prependListener',
  'removeListener',
  'off',
  'listenerCount',
].map((property) => ({
  object: 'process',
  property,
  message:
    'Signals and the end of the process: registration/{shutdown,ownership}.ts, adapters/global-hooks, entry, cli, sidecar only.',
}));
const TIME_PROPERTIES = [
  ['Date', 'now'],
  ['performance', 'now'],
  ['Math', 'random'],
  ['AbortSignal', 'timeout'],
].map(([object, property]) => ({
  object,
  property,
  message: 'Time and chance come from an injected Clock (src/util/clock.ts).',
}));
const TIME_GLOBALS = ['setTimeout', 'setInterval'].map((name) => ({
  name,
  message: 'Timers come from an injected Clock (src/util/clock.ts).',
}));
const TIMER_MODULES = ['node:timers', 'node:timers/promises'].map((name) => ({
  name,
  message: 'Timers come from an injected Clock (src/util/clock.ts).',
}));
const GLOBAL_OBJECT = {
  name: 'globalThis',
  message: 'Only runtime, adapters/global-hooks, registration/ownership.ts and entry touch it.',
};

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'Named exports only.',
};
const STYLE_SYNTAX = [
  NO_DEFAULT_EXPORT,
  { selector: 'ExportAllDeclaration', message: 'List each name that is exported.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'TSParameterProperty', message: 'Write the field out.' },
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Use the Clock.' },
  {
    selector:
      'Program > ExpressionStatement > AwaitExpression, Program > VariableDeclaration AwaitExpression',
    message: 'No top-level await: it breaks require() of the package.',
  },
];

/** The rules on process, time and chance for one place of src; `may` names what it is trusted with. */
function trusted(files, ...may) {
  const unless = (trust, restrictions) => (may.includes(trust) ? [] : restrictions);
  return {
    files,
    rules: {
      'no-restricted-properties': forbid([
        ...unless('input', PROCESS_INPUT),
        ...unless('control', PROCESS_CONTROL),
        ...unless('time', TIME_PROPERTIES),
      ]),
      'no-restricted-globals': forbid([
        ...unless('time', TIME_GLOBALS),
        ...unless('global', [GLOBAL_OBJECT]),
      ]),
      'no-restricted-imports': forbid(unless('time', TIMER_MODULES)),
      'no-console': may.includes('print') ? 'off' : 'error',
    },
  };
}

/** A rule without options would keep those of an earlier, wider entry: an empty list has to say `off`. */
function forbid(restrictions) {
  return restrictions.length === 0 ? 'off' : ['error', ...restrictions];
}

/** What the Node that runs the lint has. */
const NODE_GLOBALS = Object.fromEntries(
  Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
);
const COMMONJS_GLOBALS = { __dirname: 'readonly', __filename: 'readonly' };
const SCRIPTS = ['**/*.mjs', '**/*.js', '**/*.cjs'];

export default defineConfig(
  // The apps in TypeScript have projects of their own, which are not ours to judge.
  {
    ignores: [
      'dist/',
      'coverage/',
      '**/node_modules/',
      'test/fixtures/wire/',
      'test/fixtures/apps/**/*.ts',
      'test/fixtures/heavy/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  {
    rules: {
      'max-lines': ['error', { max: 500 }],
      'no-restricted-syntax': ['error', ...STYLE_SYNTAX],
      'no-console': 'error',
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-empty': 'error',
    },
  },

  // TypeScript, with types.
  {
    files: ['**/*.ts', '**/*.cts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './tsconfig.preload.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `() => timer.cancel()` is plain enough where a callback has nothing to return.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Numbers and booleans print as expected.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A constructor that passes its arguments on may narrow their types.
      '@typescript-eslint/no-useless-constructor': 'off',
      // It believes that nothing changes while we await: `signal.aborted` is checked again on purpose.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // There are no enums: no time is spent on them.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      // A user's callback may return nothing or a promise of nothing.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // An async method may fulfil an interface without waiting for anything.
      '@typescript-eslint/require-await': 'off',
    },
  },

  // src: trusted with nothing, then place by place.
  trusted(['src/**'], ''),
  trusted(['src/util/clock.ts', 'src/testing/still-clock.ts'], 'time'),
  trusted(['src/options/{env,file}.ts'], 'input'),
  trusted(['src/registration/{shutdown,ownership}.ts'], 'control', 'global'),
  // The part of shutdown that has to be there before the app's first handler, and before any clock.
  trusted(['src/registration/signal-{gate,placeholders}.cts'], 'control', 'time'),
  // The client hooks run before any clock of ours is loaded.
  trusted(['src/adapters/call-clock.cts'], 'time'),
  // Asks whether the app has handlers of its own.
  trusted(['src/registration/family/family.cts'], 'control'),
  trusted(['src/adapters/global-hooks{/**,.*}'], 'control', 'global'),
  trusted(['src/runtime/**'], 'global'),
  trusted(['src/sidecar/**'], 'control'),
  // The preload files run before any clock can be loaded.
  trusted(['src/entry/**', 'src/runtime/hub.cts'], 'input', 'control', 'global', 'time'),
  // The hub of this process, from ES modules.
  trusted(['src/adapters/hooks.ts'], 'global'),
  // One storage for all copies of the package.
  trusted(['src/util/shared-storage.ts'], 'global'),
  trusted(['src/cli/**'], 'input', 'control', 'global', 'print'),

  // The log's own time stamps are for people.
  {
    files: ['src/logger.ts'],
    rules: { 'no-restricted-syntax': ['error', ...STYLE_SYNTAX.slice(0, 4)] },
  },

  // CommonJS preload files.
  {
    files: ['**/*.cts'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },

  // Tests.
  {
    files: ['test/**'],
    rules: {
      'no-console': 'off',
      'no-restricted-syntax': [
        'error',
        ...STYLE_SYNTAX.slice(0, 4),
        {
          selector:
            'CallExpression[callee.type="MemberExpression"][callee.property.name=/^(only|skip|todo|fails|retry)$/][callee.object.name=/^(it|test|describe)$/]',
          message: 'A test runs, always and once.',
        },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // `expect.stringContaining()` is an any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // `expect(thing.method)` names a method without calling it.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  {
    files: ['test/{unit,integration,process,live}/**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'Wait on a condition (test/helpers), never for a time.' },
      ],
      'no-restricted-imports': ['error', { paths: TIMER_MODULES }],
    },
  },

  // Scripts, examples, fixtures and configuration: plain JavaScript, which prints and reads the process.
  {
    files: SCRIPTS,
    languageOptions: { globals: NODE_GLOBALS },
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: COMMONJS_GLOBALS } },
  { files: ['*.config.{js,ts}'], rules: { 'no-restricted-syntax': 'off' } },
);
