/** Owns text of others on a terminal. Used by all commands that show what the registry holds: anybody who may write to it could put control characters there. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
