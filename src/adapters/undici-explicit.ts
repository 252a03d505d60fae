/**
 * Owns the way from the explicit adapters of fetch and undici to the code that they share with the hooks. Used by fetch.ts and undici.ts; it installs
 * nothing. The types stand here, since the two kinds of files are compiled apart.
 */
import { createRequire } from 'node:module';

import { classifyHost } from '../discovery/target.js';
import type { CallSource } from './call-source.js';

/** Reads which service the origin of a request may mean. */
type ReadOrigin = (origin: string) => object | undefined;
export type Dispatch = (options: unknown, handler: unknown) => unknown;

interface OriginModule {
  readonly createOriginReader: (rules: {
    readonly isName: (host: string) => boolean;
    readonly withSchemes: boolean;
    readonly isSettled: () => boolean;
  }) => ReadOrigin;
}
interface DispatcherModule {
  readonly interceptDispatch: (
    source: CallSource,
    read: ReadOrigin,
    dispatch: Dispatch,
  ) => Dispatch;
}
interface ServiceModule {
  readonly createServiceDispatchers: (
    source: CallSource,
    read: ReadOrigin,
  ) => (given: unknown) => object;
}

const load = createRequire(import.meta.url);

/** A dispatch for `compose`. */
export function serviceDispatch(source: CallSource, dispatch: Dispatch): Dispatch {
  // Its own build, by the name of its file: what it exports is known. So below.
  const { interceptDispatch } = load('./undici-dispatcher.cjs') as DispatcherModule;
  return interceptDispatch(source, explicitOrigins(), dispatch);
}

/** The dispatcher for a call of fetch; `given` is that of its user. */
export function serviceDispatchers(source: CallSource): (given: unknown) => object {
  const { createServiceDispatchers } = load('./undici-service.cjs') as ServiceModule;
  return createServiceDispatchers(source, explicitOrigins());
}

/** Names may have dots, and `lb://` and `nacos://` are known. */
function explicitOrigins(): ReadOrigin {
  const { createOriginReader } = load('./undici-origin.cjs') as OriginModule;
  return createOriginReader({
    isName: (host) => classifyHost(host) !== 'never',
    withSchemes: true,
    isSettled: () => true,
  });
}
