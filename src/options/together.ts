/**
 * Owns what is wrong with options that are right one by one: two that need each other, or stand in each other's way. Called by `load.ts` once all layers are
 * joined. It looks at what was given, not at defaults.
 */
import { ConfigError } from '../errors.js';
import type { Given } from './given.js';

/** Each is of no use without the other. */
const PAIRS = [['username', 'password']] as const;

/** @throws ConfigError INVALID_OPTION */
export function checkTogether(givenBy: (path: string) => Given | undefined): void {
  for (const [one, other] of PAIRS) {
    needs(givenBy, one, other);
    needs(givenBy, other, one);
  }
  const health = givenBy('health.path');
  const readiness = givenBy('readiness.path');
  if (health === undefined || readiness === undefined) return;
  // What comes after ? makes no other path.
  if (health.raw !== String(readiness.raw).split('?', 1)[0]) return;
  throw new ConfigError(
    'INVALID_OPTION',
    `health.path (${health.place}) and readiness.path (${readiness.place}) are the same: this package would wait for its own answer; readiness.path is a route of the app`,
    { details: { option: 'health.path', place: health.place } },
  );
}

function needs(givenBy: (path: string) => Given | undefined, one: string, other: string): void {
  const given = givenBy(one);
  if (given === undefined || givenBy(other) !== undefined) return;
  throw new ConfigError(
    'INVALID_OPTION',
    `${one} (${given.place}) is given without ${other}: give both, or none`,
    { details: { option: one, place: given.place } },
  );
}
