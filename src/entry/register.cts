/**
 * Owns the one effect of the package: what `--require` and `require('nacos-serving/register')` load. Servers of this process are
 * registered as they listen, and HTTP clients reach services by name. It installs hooks and nothing more
 * (see runtime/hub.cts), however often and by however many copies it is loaded.
 */
import { installFastifyHook } from '../adapters/fastify-hook.cjs';
import { installFetchHook } from '../adapters/fetch-hook.cjs';
import { installHttpHook } from '../adapters/http-hook.cjs';
import { findHub, say } from '../runtime/hub.cjs';
import { VERSION } from '../runtime/version.cjs';

type LauncherWatch = typeof import('./launcher-watch.cjs');

/** The pid of the command line; set by `cli/launch.ts` for its child. */
const LAUNCHER_VARIABLE = 'NACOS_SERVING_LAUNCHER';

try {
  const hub = findHub(VERSION);
  // A copy of another version that came first has its own hooks in, unless it registers single servers only.
  const isAutomatic: unknown = hub.automatic; // of whatever version
  if (hub.version === VERSION || isAutomatic === false) {
    installHttpHook(hub);
    installFetchHook(hub);
    installFastifyHook(hub);
    hub.watchServers();
    const launcher = process.env[LAUNCHER_VARIABLE];
    if (launcher !== undefined) {
      (require('./launcher-watch.cjs') as LauncherWatch).watchLauncher(Number(launcher));
    }
  }
} catch (error) {
  // A Node that is not as we know it: the app runs as if we were not there.
  const why = error instanceof Error ? error.message : String(error);
  say('error', `cannot install the hooks: ${why}; the app goes on without them`);
}
