/** What can be asked from outside, as registrations come and go quickly. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, vi } from 'vitest';

import { createLogger } from '../../src/logger.js';
import { loadOptions } from '../../src/options/load.js';
import type { ProcessRuntime } from '../../src/process-hub.js';
import { openDoors } from '../../src/runtime/doors.js';

it('a registration that goes and comes back at once has one control socket, and none in the end', async () => {
  const place = mkdtempSync(path.join(tmpdir(), 'doors-'));
  const said: string[] = [];
  const doors = openDoors({
    runtime: { registrations: [] } as unknown as ProcessRuntime, // what of it is used here
    options: loadOptions({ env: {}, cwd: place }).options,
    around: {
      env: { XDG_RUNTIME_DIR: place },
      cwd: place,
      script: undefined,
      pid: 4242,
      platform: 'linux',
      uid: process.getuid?.(),
      watchFirstRequest: () => ({ add: () => undefined }),
      exit: () => undefined,
    },
    logger: createLogger({ level: 'debug', write: (line) => said.push(line) }),
    serves: () => true,
  });
  const sockets = (): readonly string[] =>
    readdirSync(place, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.sock'));
  try {
    doors.setActive(true);
    doors.setActive(false);
    doors.setActive(true);
    await vi.waitFor(() => expect(sockets()).toHaveLength(1));
    doors.setActive(false);
    await vi.waitFor(() => expect(sockets()).toHaveLength(0));
  } finally {
    rmSync(place, { recursive: true });
  }
});
