/**
 * Owns what `--dry-run` shows: what would be started, under which name and address it would be registered, and which options are not
 * the default. Called by `run.ts` when everything has been checked. Nothing is started and nothing is sent.
 */
import { networkInterfaces } from 'node:os';

import { asError } from '../../util/deferred.js';
import { systemClock } from '../../util/clock.js';
import { hostPort } from '../../model.js';
import type { LoadedOptions } from '../../options/load.js';
import { ALL_ROWS } from '../../options/schema.js';
import { decideAddress } from '../../registration/identity/address.js';
import { decideName } from '../../registration/identity/name.js';
import { routeTo } from '../../registration/identity/route.js';
import type { Launch } from '../launch.js';
import { printConfig } from './print-config.js';

export async function dryRun(loaded: LoadedOptions, plan: Launch): Promise<string> {
  const { options } = loaded;
  const { service, registration, server, namespace } = options;
  const servers = server.map(({ host, port }) => hostPort({ ip: host, port })).join(',');
  const lines = [
    `command   ${[plan.file, ...plan.args].join(' ')}`,
    `registry  ${servers}, namespace ${namespace}, group ${service.group}, cluster ${service.cluster}`,
  ];
  if (registration.autoRegister) {
    lines.push(`name      ${nameOf(loaded, plan)}`, `address   ${await addressOf(loaded)}`);
    lines.push(
      `port      ${service.port === undefined ? 'the one that the app binds' : String(service.port)}`,
    );
  } else lines.push('register  nothing: auto_register is off');
  const given = ALL_ROWS.filter(({ path }) => loaded.origins[path] !== 'default');
  const shown = printConfig(loaded, 'text').split('\n');
  for (const { path } of given) {
    const line = shown.find((each) => each.startsWith(`${path} `));
    if (line !== undefined) lines.push(`option    ${line}`);
  }
  for (const notice of loaded.notices) lines.push(`note      ${notice}`);
  return `${lines.join('\n')}\nnothing was started\n`;
}

function nameOf({ options }: LoadedOptions, plan: Launch): string {
  try {
    const script = plan.args.find((word) => !word.startsWith('-'));
    const { name, because } = decideName({
      explicit: options.service.name,
      script: plan.replaceable ? script : undefined,
      folder: process.cwd(),
    });
    return `${name}, ${because}`;
  } catch (error) {
    return `none: ${asError(error).message}`;
  }
}

async function addressOf({ options }: LoadedOptions): Promise<string> {
  try {
    const { ip, because } = await decideAddress({
      explicit: options.service.ip,
      boundHost: '::',
      registry: options.server,
      interfaces: networkInterfaces,
      route: (server) => routeTo(server, systemClock),
    });
    return `${ip}, ${because}; of a server that is bound to every address`;
  } catch (error) {
    return `none: ${asError(error).message}`;
  }
}
