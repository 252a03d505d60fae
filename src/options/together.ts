/**
 * Owns what is wrong with options that are right one by one: some that need each other, or stand in each other's way. Called by `load.ts` once
 * all layers are joined, and by clients built in code. It looks at what was given, not at defaults.
 */
import { ConfigError } from '../errors.js';
import type { Given } from './given.js';

/** One that was given: how the giver spells it, and where it was given. */
export type GivenPlace = Pick<Given, 'place' | 'name'>;
export type GivenBy = (path: string) => GivenPlace | undefined;

/** The first needs one of the others. */
const NEEDS: readonly (readonly [path: string, others: readonly string[]])[] = [
  ['username', ['password', 'password_file']],
  ['password', ['username']],
  ['password_file', ['username']],
  ['access_key', ['secret_key', 'secret_key_file']],
  ['access_key_file', ['secret_key', 'secret_key_file']],
  ['secret_key', ['access_key', 'access_key_file']],
  ['secret_key_file', ['access_key', 'access_key_file']],
  [
    'signature_region',
    ['access_key', 'access_key_file', 'sts_credentials', 'sts_file', 'sts_url', 'ram_role'],
  ],
  ['tls.cert_file', ['tls.key_file']],
  ['tls.key_file', ['tls.cert_file']],
  ['tls.key_passphrase', ['tls.key_file']],
  ['tls.key_passphrase_file', ['tls.key_file']],
];

/** At most one of these. */
const ONE_OF: readonly (readonly string[])[] = [
  ['password', 'password_file'],
  ['access_key', 'access_key_file', 'sts_credentials', 'sts_file', 'sts_url', 'ram_role'],
  ['secret_key', 'secret_key_file'],
  ['tls.key_passphrase', 'tls.key_passphrase_file'],
];

const OWN_ANSWER =
  'this package would wait for its own answer; readiness.path is a route of the app';
/** What the server on `health.port` answers itself. */
const HEALTH_PATHS: readonly string[] = ['/', '/ready', '/live'];

/** @throws ConfigError INVALID_OPTION */
export function checkTogether(givenBy: (path: string) => Given | undefined): void {
  checkConnection(givenBy);
  const health = givenBy('health.path');
  const metrics = givenBy('metrics.path');
  const readiness = givenBy('readiness.path');
  differ(['health.path', health], ['readiness.path', readiness], OWN_ANSWER);
  differ(['metrics.path', metrics], ['readiness.path', readiness], OWN_ANSWER);
  if (givenBy('health.port') === undefined) {
    differ(['metrics.path', metrics], ['health.path', health], 'one path has one answer');
  } else if (metrics !== undefined && HEALTH_PATHS.includes(String(metrics.raw))) {
    throw new ConfigError(
      'INVALID_OPTION',
      `metrics.path "${String(metrics.raw)}" (${metrics.place}) is a path of the health server: allowed is any but ${HEALTH_PATHS.join(', ')}, like /metrics`,
      { details: { option: 'metrics.path', place: metrics.place } },
    );
  }
}

type Named = readonly [path: string, given: Given | undefined];

function differ([path, one]: Named, [otherPath, other]: Named, why: string): void {
  if (one === undefined || other === undefined) return;
  // What comes after ? makes no other path.
  if (one.raw !== String(other.raw).split('?', 1)[0]) return;
  throw new ConfigError(
    'INVALID_OPTION',
    `${path} (${one.place}) and ${otherPath} (${other.place}) are the same: ${why}`,
    { details: { option: path, place: one.place } },
  );
}

/** The part of it that clients built in code have too. @throws ConfigError INVALID_OPTION */
export function checkConnection(givenBy: GivenBy, spell = (path: string): string => path): void {
  for (const [path, others] of NEEDS) {
    const given = givenBy(path);
    if (given === undefined || others.some((other) => givenBy(other) !== undefined)) continue;
    throw new ConfigError(
      'INVALID_OPTION',
      `${spell(path)} (${given.place}) is given without ${others.map(spell).join(' or ')}: give both, or none`,
      { details: { option: path, place: given.place } },
    );
  }
  for (const paths of ONE_OF) {
    const [one, other] = paths.filter((path) => givenBy(path) !== undefined);
    if (one === undefined || other === undefined) continue;
    const places = [one, other].map((path) => `${spell(path)} (${givenBy(path)?.place ?? ''})`);
    throw new ConfigError(
      'INVALID_OPTION',
      `${places.join(' and ')} are both given, and only one can count: take one out`,
      { details: { option: one, place: givenBy(one)?.place ?? '' } },
    );
  }
}
