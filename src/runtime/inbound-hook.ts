/**
 * Owns whether servers of this process or thread hand values of their requests on. Loaded by the hub with the first server that listens here, also
 * in a worker whose registration is its primary's business. Reads the options once; wrong ones are said by the runtime, or by whoever
 * registers, and hand nothing on.
 */
import type { Server } from 'node:net';

import { loadOptions } from '../options/load.js';
import type { OptionsInput } from '../options/schema.js';
import { coverServer } from './inbound-context.js';
import type { Surroundings } from './surroundings.js';

/** @throws ConfigError */
export function createInboundHook(
  around: Pick<Surroundings, 'env' | 'cwd'>,
  code: object | undefined,
): (server: Server) => void {
  // Checked value by value in there, whatever it is.
  const given = code === undefined ? {} : { code: code as OptionsInput };
  const { options } = loadOptions({ env: around.env, cwd: around.cwd, ...given });
  const names = options.discovery.propagate.map((name) => name.toLowerCase());
  const covered = new WeakSet<Server>();
  return (server) => {
    if (names.length === 0 || covered.has(server)) return;
    covered.add(server);
    coverServer(server, names);
  };
}
