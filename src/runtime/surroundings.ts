/**
 * Owns what of the process the runtime is told by the hub, so that nothing below reads it by itself. Types only.
 */
import type { Server } from 'node:net';

import type { Environment } from '../options/env.js';

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  /** `process.argv[1]`: the app's script, when there is one. */
  readonly script: string | undefined;
  readonly pid: number;
  readonly platform: NodeJS.Platform;
  /** undefined on Windows. */
  readonly uid: number | undefined;
  /** Calls back after the first request of this process, once; see registration/first-request.cts. */
  readonly watchFirstRequest: (onRequest: () => void) => { add(server: Server): void };
  /** Ends the process: only for `registration.fail_fast`, which asks for that. */
  readonly exit: (code: number) => void;
}
