/**
 * Owns child processes with the client hooks and a scripted router (scripted-hub.cjs), for tests without a registry. The app is the
 * body of an async function in CommonJS; it tells what happened through `say(label, call)`.
 */
import path from 'node:path';

import { startNode } from './child.js';

export interface Target {
  readonly ip: string;
  readonly port: number;
  readonly secure?: boolean;
}

export interface HookedAppOptions {
  /** Services by lower-case name. */
  readonly routes?: Readonly<Record<string, readonly Target[]>>;
  /** broken: the runtime cannot be loaded. off: no hooks. */
  readonly hub?: 'broken' | 'off';
  readonly env?: Readonly<Record<string, string>>;
  /** Runs before the hooks are installed. */
  readonly before?: string;
  /** Of node, as `--require`. */
  readonly flags?: readonly string[];
}

export interface SaidError {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly cause?: SaidError;
}

export interface Said {
  readonly value?: unknown;
  readonly error?: SaidError;
}

const HUB = path.join(import.meta.dirname, 'scripted-hub.cjs');

/** Runs the app to its end and gives what it said, by label. */
export async function runHooked(
  app: string,
  options: HookedAppOptions = {},
): Promise<Readonly<Record<string, Said>>> {
  const source = [
    options.before ?? '',
    `require(${JSON.stringify(HUB)});`,
    `const { say, viaFetch, viaRequest } = hub;`,
    `const http = require('node:http');`,
    // Nothing that an app waits for ends the process early.
    `hub.alive = setInterval(() => undefined, 2 ** 30);`,
    `const main = async () => {`,
    app,
    `};`,
    `main().then(() => process.stdout.write('', () => process.exit(0)), (error) => { console.log(error); process.exit(1); });`,
  ].join('\n');
  await using child = startNode([...(options.flags ?? []), '-e', source], {
    env: {
      ROUTES: JSON.stringify(options.routes ?? {}),
      ...(options.hub === undefined ? {} : { HUB: options.hub }),
      ...options.env,
    },
  });
  const { code } = await child.exit();
  const said: Record<string, Said> = {};
  const rest: string[] = [];
  for (const line of child.lines) {
    if (!line.startsWith('said ')) {
      rest.push(line);
      continue;
    }
    const { label, ...one } = JSON.parse(line.slice(5)) as Said & { label: string };
    said[label] = one;
  }
  if (code !== 0 || rest.length > 0) {
    throw new Error(`the app ended with ${String(code)}:\n${rest.join('\n')}`);
  }
  return said;
}
