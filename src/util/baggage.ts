/**
 * Owns the reading and writing of W3C baggage: `key=value;property, key=value`, values percent-encoded. Used for what is
 * routed by and handed on. Pure; a header that is not well formed has fewer entries, never an error.
 */

/** The specification asks others to take no more than this. */
const MAX_LENGTH = 8192;
const TOKEN = /^[!#$%&'*+\-.^_`|~\da-z]+$/i;

/** The value under a key, without case; the first one when it is there more often. */
export function entryOfBaggage(header: string, key: string): string | undefined {
  for (const member of header.split(',')) {
    const equals = member.indexOf('=');
    if (equals < 0 || member.slice(0, equals).trim().toLowerCase() !== key) continue;
    const end = member.indexOf(';', equals);
    const text = member.slice(equals + 1, end < 0 ? undefined : end).trim();
    return decode(text);
  }
  return undefined;
}

/** The header with these entries behind its own; those whose key it has already, or that do not fit, are left out. */
export function addToBaggage(
  header: string | undefined,
  entries: Iterable<readonly [key: string, value: string]>,
): string {
  let text = header?.trim() ?? '';
  for (const [key, value] of entries) {
    if (!TOKEN.test(key) || entryOfBaggage(text, key) !== undefined) continue;
    const entry = `${key}=${encodeURIComponent(value)}`;
    const longer = text === '' ? entry : `${text},${entry}`;
    if (longer.length <= MAX_LENGTH) text = longer;
  }
  return text;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Written by somebody who encodes differently: there is no telling what they mean.
    return undefined;
  }
}
