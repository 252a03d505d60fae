import { expect, it } from 'vitest';

import { ConfigLookup, type ConfigLookupParts } from '../../../src/config/config-lookup.js';
import { silentLogger } from '../../../src/logger.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { outcomeOf } from '../../helpers/session-fixture.js';

const KEY = { namespace: 'public', group: 'G', dataId: 'app' };
const never = (): Promise<never> => new Promise(() => undefined);

/** On a mount that hangs. */
function aLookup(parts: { readonly hasFiles: boolean; readonly hasCopies: boolean }) {
  const clock = createFakeClock();
  const session = { state: 'backoff', onState: () => () => undefined, start: () => undefined };
  const { hasFiles, hasCopies } = parts;
  const lookup = new ConfigLookup({
    session,
    reader: { read: never, copyOf: never },
    files: hasFiles ? { isReady: false, ready: never, of: () => undefined } : undefined,
    hasCopies,
    clock,
    logger: silentLogger,
    requestTimeoutMs: 3000,
  } as unknown as ConfigLookupParts); // all of the parts that are used
  return { clock, lookup };
}

it.each([
  ['of an operator', { hasFiles: true, hasCopies: false }],
  ['of copies', { hasFiles: false, hasCopies: true }],
])('does not wait for a folder %s for ever', async (_, parts) => {
  const { clock, lookup } = aLookup(parts);
  const got = outcomeOf(lookup.get(KEY, {}));
  const stop = new AbortController();
  const stopped = outcomeOf(lookup.get(KEY, { signal: stop.signal }));
  stop.abort(new Error('enough'));
  await clock.advance(0);
  expect(stopped).toMatchObject({ error: { message: 'enough' } });
  await clock.advance(3000);
  expect(got).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
});
