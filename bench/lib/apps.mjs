/**
 * Owns the small app in its four forms: bare, under our preload, and with each peer. Used by start-to-visible, exit and memory. Each one
 * started has a service name of its own.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startNode } from './child.mjs';
import { REGISTER, subject } from './paths.mjs';

export const BARE = 'bare app';
export const OURS = 'nacos-serving';
export const PEERS = ['rust binding', 'npm nacos'];

const RUN = randomUUID().slice(0, 8);
const ARGS = {
  [BARE]: [subject('app.cjs')],
  [OURS]: ['--require', REGISTER, subject('app.cjs')],
  'rust binding': [subject('app-rust-binding.cjs')],
  'npm nacos': [subject('app-npm-nacos.cjs')],
};

/** @param {'node' | 'express'} kind */
export function startApp(id, { address, tag, kind = 'node' }) {
  const service = `bench-${RUN}-${id.replace(' ', '-')}-${tag}`;
  // The rust binding logs into $HOME; a folder of our own keeps that out of the user's.
  const home = mkdtempSync(path.join(os.tmpdir(), 'nacos-serving-bench-'));
  const child = startNode([...ARGS[id], kind], {
    env: {
      HOME: home,
      NACOS_CLIENT_LOGGER_LEVEL: 'WARN',
      NACOS_SERVER: address,
      NACOS_SERVICE_NAME: service,
    },
  });
  void child.exited.then(() => rmSync(home, { recursive: true, force: true }));
  return { id, service, child, isRegistered: id !== BARE };
}

/** Lets the app leave the registry, then ends it at once: how long it takes to end is for exit.mjs only. */
export async function endApp(app, watch) {
  // A peer's app takes SIGTERM over once its register call has resolved; killed before, npm nacos' instance would stay for 30 s.
  if (PEERS.includes(app.id)) await app.child.said('registered').catch(() => undefined);
  app.child.kill('SIGTERM');
  try {
    if (app.isRegistered) await watch.gone([app.service]);
  } finally {
    await app.child.stop(0);
  }
}
