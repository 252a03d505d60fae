/**
 * Owns the hint on errors of hosts that DNS does not know, but the registry does: what the rules left alone (docs/architecture.md, decision 5) fails
 * with the error that it would have failed with, and the error says how to call the service. Installed by the client hooks at the first call of a
 * process. It asks only when a look-up failed, and is soon over; it never makes a call succeed.
 */
import type { ProcessHub } from '../process-hub.js';
import { coverLookup } from './global-hooks/lookup.cjs';

/** There is no such host, or nobody who could say. */
const NOT_FOUND: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA']);

let isInstalled = false;

export function hintOnLookups(hub: ProcessHub): void {
  if (isInstalled) return;
  isInstalled = true;
  coverLookup((host, error) => {
    if (!NOT_FOUND.has(Reflect.get(error, 'code'))) return undefined;
    return addHint(hub, host, error);
  });
}

async function addHint(hub: ProcessHub, host: string, error: Error): Promise<void> {
  try {
    const runtime = await hub.load();
    // One of an older copy of the package has none.
    const ask: unknown = runtime === undefined ? undefined : Reflect.get(runtime, 'hintOn');
    const hint = typeof ask === 'function' ? await runtime?.hintOn(host) : undefined;
    if (hint !== undefined) say(error, hint);
  } catch {
    // The error stays as it is.
  }
}

/** In its text, which is all that some clients keep of an error. */
function say(error: Error, hint: string): void {
  const { message, stack } = error;
  error.message = `${message} (${hint})`;
  if (stack?.includes(message) === true) error.stack = stack.replace(message, () => error.message);
}
