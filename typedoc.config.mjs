/**
 * Owns how the API docs are made: `npm run api` writes them into `api/` from the doc comments. One page per subpath of the package, taken from the map
 * of package.json, so that a new subpath is there at once. Everything that is public has to be documented and every link has to lead somewhere:
 * a warning fails `npm test`.
 */
import { readFileSync } from 'node:fs';

const { exports: map } = JSON.parse(
  readFileSync(new URL('./package.json', import.meta.url), 'utf8'),
);
const targets = Object.values(map).map((entry) => entry.import?.default ?? entry.default);
const sources = targets
  // The one that has an effect and no names.
  .filter((target) => target?.endsWith('.js') && !target.endsWith('/register.js'))
  .map((target) => target.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));

export default {
  name: 'nacos-serving',
  entryPoints: sources,
  tsconfig: 'tsconfig.json',
  out: 'api',
  readme: 'README.md',
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable'],
  // How types of options follow from the table, and what only tests give.
  intentionallyNotExported: [
    ...['AreaOf', 'CodeKey', 'CodesOf', 'InArea', 'Input', 'PartOf', 'Row', 'TopLevel', 'Value'],
    ...['CallRouter', 'CallSourceOptions', 'ClientParts', 'Clock', 'Listener', 'LOG_LEVELS'],
    // Shapes of grpc-js, which its users have from there.
    ...['Endpoint', 'GrpcServiceConfig', 'StatusOr'],
  ],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
};
