/** Owns which copies of undici there are for tests, and what they are to this Node: undici 8 needs 22.19. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

export const UNDICI_COPIES: readonly string[] = [
  'undici-6',
  'undici-7',
  ...(major > 22 || (major === 22 && minor >= 19) ? ['undici-8'] : []),
];

/** The global fetch goes by what `setGlobalDispatcher` of this copy was given. Node 26 has a key of its own for that, which undici 6 does not know. */
export function isHeardByFetch(copy: string | undefined): boolean {
  return copy !== 'undici-6' || Number.parseInt(process.versions['undici'] ?? '0', 10) < 8;
}
