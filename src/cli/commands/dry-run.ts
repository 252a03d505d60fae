/**
 * Owns what `--dry-run` shows: what would be started, under which name and address it would be registered, and which options are not
 * the default. Called by `run.ts` when everything else has been checked. Nothing is started, and no connection is made; a Nacos
 * server that is given by name is looked up.
 */
import { networkInterfaces } from 'node:os';

import { asError } from '../../util/deferred.js';
import { systemClock } from '../../util/clock.js';
import { withoutControls } from '../../options/given.js';
import type { LoadedOptions } from '../../options/load.js';
import { decideAddress, type AddressDecision } from '../../registration/identity/address.js';
import { describeDetection } from '../../registration/identity/detection.js';
import { decideName, type NameDecision } from '../../registration/identity/name.js';
import { routeTo } from '../../registration/identity/route.js';
import { firstContacts } from '../../options/connection.js';
import { serverText } from '../../options/server-list.js';
import type { ImportedVariable } from '../imported-config.js';
import { givenOptions, importedLines } from './print-config.js';

/** What would be started. */
export interface DryRunPlan {
  readonly file: string;
  readonly args: readonly string[];
  /** The app's file; undefined for a command, whose script is not known before it runs. */
  readonly script: string | undefined;
  readonly cwd: string;
  /** Of `--import-config`. */
  readonly imported: readonly ImportedVariable[];
}

export interface DryRun {
  readonly text: string;
  /** Why it could not be registered as things are now. */
  readonly problems: readonly string[];
}

const LABEL_WIDTH = 9;

export async function dryRun(loaded: LoadedOptions, plan: DryRunPlan): Promise<DryRun> {
  const { server, endpoint, namespace, service, username } = loaded.options;
  const registry = endpoint === undefined ? serverText(server) : `as listed by ${endpoint}`;
  const problems: string[] = [];
  const login = username === undefined ? '' : `, as ${username}`;
  const lines = [
    row('command', [plan.file, ...plan.args].map(quoted).join(' ')),
    row('registry', `${registry}, namespace ${namespace}${login}`),
    row('register', whenText(loaded)),
  ];
  if (isRegistered(loaded)) {
    lines.push(
      row('service', `group ${service.group}, cluster ${service.cluster}`),
      ...(await detectionLines(loaded, plan, problems)),
      row('port', portText(loaded)),
    );
  }
  for (const line of givenOptions(loaded)) lines.push(row('option', line));
  for (const line of importedLines(plan.imported)) lines.push(row('variable', line));
  for (const notice of loaded.notices) lines.push(row('note', notice));
  return { text: `${lines.join('\n')}\nnothing was started\n`, problems };
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function isRegistered({ options }: LoadedOptions): boolean {
  const { autoRegister, registerOnStartup, registerOnRequest } = options.registration;
  return autoRegister && (registerOnStartup || registerOnRequest);
}

function whenText({ options }: LoadedOptions): string {
  const { autoRegister, registerOnStartup } = options.registration;
  if (!autoRegister) return 'nothing: auto_register is off';
  if (registerOnStartup) return 'as soon as the server listens and is ready';
  return options.registration.registerOnRequest
    ? 'with the first request'
    : 'nothing: register_on_startup and register_on_request are off';
}

/** Of a server that is bound to every address; one that is bound to a single one is registered with that. */
async function detectionLines(
  loaded: LoadedOptions,
  plan: DryRunPlan,
  problems: string[],
): Promise<readonly string[]> {
  const name = nameOf(loaded, plan, problems);
  const address = await addressOf(loaded).catch((error: unknown) => {
    problems.push(asError(error).message);
    return undefined;
  });
  const lines = describeDetection({
    ...(name === undefined ? {} : { name }),
    ...(address === undefined ? {} : { address }),
  });
  return lines.map((line) => {
    const space = line.indexOf(' ');
    return row(line.slice(0, space), line.slice(space + 1));
  });
}

function nameOf(
  { options }: LoadedOptions,
  { script, cwd }: DryRunPlan,
  problems: string[],
): NameDecision | undefined {
  try {
    return decideName({ explicit: options.service.name, script, folder: cwd });
  } catch (error) {
    problems.push(asError(error).message);
    return undefined;
  }
}

function addressOf({ options }: LoadedOptions): Promise<AddressDecision> {
  const { service, network } = options;
  return decideAddress({
    explicit: service.ip,
    advertised: service.advertisedIp,
    network,
    boundHost: '::',
    registry: firstContacts(options),
    interfaces: networkInterfaces,
    route: (to) => routeTo(to, systemClock),
  });
}

function portText({ options }: LoadedOptions): string {
  const { port, advertisedPort } = options.service;
  const of = port === undefined ? 'the one that the app binds' : `${String(port)} (service.port)`;
  if (advertisedPort === undefined) return of;
  return `${String(advertisedPort)} (service.advertised_port), of the server on ${of}`;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${withoutControls(word).replaceAll("'", "'\\''")}'`;
}
