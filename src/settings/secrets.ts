/**
 * Owns what must not be shown: the value of a key whose name says that it is a secret, and passwords inside of URLs. Used wherever settings are printed.
 */
import type { SettingsValue } from './tree.js';

/** `password`, `db.pwd`, `clientSecret`, `api-key`, `jwt_token`, `credentials`, `private-key`, ... */
const SECRET =
  /passw|passphrase|\bpass\b|\bpwd\b|pwd$|secret|token|credential|(api|access|private|secret|signing|encryption|auth)[-_.]?key|authorization|cookie|\bdsn\b|connection[-_.]?string|\bpin\b|\bsalt\b/i;
const USER_OF_URL = /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@]*@/gi;

export const HIDDEN = '***';

/** By its name, in whatever spelling: key or environment variable. */
export function looksSecret(key: string): boolean {
  return SECRET.test(key) || SECRET.test(key.replace(/_/g, ' '));
}

/** As it may be shown. */
export function shown(key: string, value: SettingsValue): string {
  if (value !== null && looksSecret(key)) return HIDDEN;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(USER_OF_URL, `$1${HIDDEN}@`);
}
