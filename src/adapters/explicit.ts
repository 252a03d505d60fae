/**
 * Owns the ways in from code: one server (`registerServer`), and every server as with the
 * preload (`registerAutomatically`). Used by the framework adapters and by users through the package's root. Bad options throw here and at once; bad
 * surroundings never do. With the preload in, or with two of these calls, a server is registered once.
 */
import type { Server } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

import { ConfigError } from '../errors.js';
import { toStderr } from '../logger.js';
import { checkCode } from '../options/load.js';
import type { OptionsInput } from '../options/schema.js';
import type { ServerRegistration } from '../process-hub.js';
import { createLateRegistration } from '../runtime/late-registration.js';
import { findHub, installCallHooks, installFrameworkHooks } from './hooks.js';

export type RegisterOptions = OptionsInput;

/**
 * Registers this very server once it listens (it may do so already), and takes it out when it closes. Options that are not given come from
 * the command line, variables and the option file as ever. What the process has once (log, shutdown, control) follows the first options
 * that code gives. Nothing else of the process is touched, but that
 * SIGTERM and SIGINT wait until the instance is out. What the process has registered by itself is taken out, unless it is the same instance:
 * code that registers servers chooses all of them.
 * @throws ConfigError when an option is wrong
 */
export function registerServer(server: Server, options: RegisterOptions = {}): ServerRegistration {
  checkCode(options);
  if (!isServer(server)) {
    throw new ConfigError(
      'INVALID_OPTION',
      'server (code): must be a server of node:http, https or http2',
    );
  }
  const hub = findHub();
  // A hub of an older copy of the package has none.
  const offer: unknown = Reflect.get(hub, 'offerCode');
  if (typeof offer === 'function') hub.offerCode(options);
  return hub.runtime?.register(server, options) ?? createLateRegistration(hub, server, options);
}

/**
 * The automatic way from code: servers are registered as they listen, and HTTP clients reach services by name, exactly as with
 * `nacos-serving/register`. Call it before the server listens.
 * @throws ConfigError when an option is wrong. Options that come after those of the process were read are a warning
 */
export function registerAutomatically(options?: RegisterOptions): void {
  checkCode(options);
  const hub = findHub();
  installCallHooks(hub);
  installFrameworkHooks(hub);
  const given = options !== undefined && Object.keys(options).length > 0 ? options : undefined;
  // A process may make its app again and again, as tests do.
  if (given !== undefined && isDeepStrictEqual(given, hub.code)) hub.watchServers();
  else if (!hub.watchServers(given)) {
    // The app goes on: where it says this is no reason to end it.
    toStderr(
      'nacos-serving warn  options of code come too late, those of this process are in use already; give them before a server listens\n',
    );
  }
}

function isServer(value: unknown): value is Server {
  return typeof value === 'object' && value !== null && 'listen' in value && 'address' in value;
}
