/**
 * Owns how a key is spelled as an environment variable: `a.b-c` is `A_B_C`, `a[0]` is `A_0`. Used for variables that go before a source, and by
 * `nacos-serving run --import-config`. Pure.
 */
export function envName(key: string): string {
  return key
    .replace(/\]/g, '')
    .replace(/[^A-Za-z\d]/g, '_')
    .toUpperCase();
}
