/**
 * Owns the headers of an undici request in all their forms: flat arrays, pairs and objects, of texts or buffers. Called by
 * `undici-call.cts`. Headers that are there are never changed, only added to.
 */

type Header = readonly [name: string, value: string];

/** Pairs, which may be read once only, as a flat array; anything else as it is. */
export function readableHeaders(headers: unknown): unknown {
  if (Array.isArray(headers) || !isObject(headers)) return headers;
  if (typeof headers[Symbol.iterator] !== 'function') return headers;
  const flat: unknown[] = [];
  for (const pair of headers as unknown as Iterable<unknown>) {
    // undici refuses this, and says so.
    if (!Array.isArray(pair) || pair.length !== 2) return headers;
    flat.push(pair[0], pair[1]);
  }
  return flat;
}

/** The value of a header, `name` in lower case; several values joined as HTTP does. */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (Array.isArray(headers)) {
    const found: string[] = [];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      if (isNamed(headers[at], name)) found.push(textOf(headers[at + 1]));
    }
    return found.length === 0 ? undefined : found.join(', ');
  }
  if (!isObject(headers)) return undefined;
  for (const key in headers) {
    const value = headers[key];
    if (value !== undefined && isNamed(key, name)) return textOf(value);
  }
  return undefined;
}

/** The headers with the name of the service as `host`, where the caller has none. `headers` as `readableHeaders` gives them. */
export function withHost(headers: unknown, host: string): unknown {
  if (isAbsent(headers)) return { host };
  if (Array.isArray(headers)) {
    const flat: readonly unknown[] = headers;
    for (let at = 0; at < flat.length; at += 2) if (isNamed(flat[at], 'host')) return headers;
    return ['host', host, ...flat];
  }
  // What is no headers at all is refused by undici.
  if (!isObject(headers) || headerOf(headers, 'host') !== undefined) return headers;
  return Object.assign({ host }, headers);
}

/** The headers with these, in place of the caller's own of these names. */
export function withHeaders(headers: unknown, more: readonly Header[]): unknown {
  const isSet = (key: unknown): boolean => more.some(([name]) => isNamed(key, name));
  if (Array.isArray(headers)) {
    const flat: readonly unknown[] = headers;
    return [...flat.filter((_, at) => !isSet(flat[at - (at % 2)])), ...more.flat()];
  }
  if (!isAbsent(headers) && !isObject(headers)) return headers;
  const others = Object.entries(headers ?? {}).filter(([key]) => !isSet(key));
  return Object.fromEntries([...others, ...more]);
}

/** `Retry-After` in ms: seconds, or a date. */
export function retryAfterMs(value: string | undefined, now: () => number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now());
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isNamed(key: unknown, name: string): boolean {
  const text = typeof key === 'string' ? key : Buffer.isBuffer(key) ? key.toString('latin1') : '';
  return text.length === name.length && text.toLowerCase() === name;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
}

function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}
