/**
 * Owns one measurement of a register subject: start it, hear its times, end it, wait until the server has dropped everything, so that
 * no sample slows the next. Used by register-1000.mjs and batch-1000.mjs.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startNode } from './child.mjs';
import { DIST, subject } from './paths.mjs';

const RUN = randomUUID().slice(0, 8);

/** The three libraries, as arguments of node. */
export function registerArgs(library, address, prefix, count, mode) {
  const rest = [address, prefix, String(count), mode];
  switch (library) {
    case 'nacos-serving':
      return [subject('register-ours.mjs'), DIST, ...rest];
    case 'rust binding':
      return [subject('register-rust-binding.cjs'), ...rest];
    default:
      return [subject('register-npm-nacos.cjs'), ...rest];
  }
}

/** @param {{ library: string, address: string, watch: object, count: number, mode: string }} plan */
export function registrationSubject({ library, address, watch, count, mode }) {
  return {
    id: library,
    async measure(tag) {
      const prefix = `bench-${RUN}-${mode}-${library.replace(' ', '-')}-${tag}`;
      const home = mkdtempSync(path.join(os.tmpdir(), 'nacos-serving-bench-'));
      const child = startNode(registerArgs(library, address, prefix, count, mode), {
        env: peerEnv(home),
      });
      try {
        const first = await Promise.race([child.said('registered'), child.said('failed')]);
        if (first.event === 'failed') throw new Error(first.reason);
        if (mode === 'batch') await watch.complete(prefix, count);
        const { fromReady, withConnect, cpu } = first;
        return { fromReady, withConnect, cpu };
      } finally {
        await child.stop();
        rmSync(home, { recursive: true, force: true });
        await watch.gone(mode === 'batch' ? [prefix] : spread(prefix, count));
      }
    },
  };
}

/** The rust binding logs into $HOME; a folder of our own keeps that out of the user's. */
export function peerEnv(home) {
  return { HOME: home, NACOS_CLIENT_LOGGER_LEVEL: 'WARN' };
}

/** Enough services to know that all are gone: the server drops a client as a whole, the HTTP ones come one by one. */
function spread(prefix, count) {
  const names = [];
  for (let i = 0; i < count; i += 50) names.push(`${prefix}-${i}`);
  names.push(`${prefix}-${count - 1}`);
  return names;
}
