/**
 * Owns the commands that talk to running processes of this user: finds their control sockets, picks the one that is meant, asks, and shows what the
 * registry confirmed. Called by `main.ts`. Exit codes: 0 done, 1 nobody there or refused, 2 usage.
 */
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';

import { usage } from '../flags.js';
import { hostPort } from '../../model.js';
import type { RegistrationStatus } from '../../process-hub.js';
import {
  readAnswer,
  writeRequest,
  type ControlAnswer,
  type ControlRequest,
} from '../../runtime/control-messages.js';
import { controlFolder, controlSocket, pidOf } from '../../runtime/control-path.js';
import type { ControlInvocation } from '../control-args.js';

const FAILED = 1;
/** The process answers as soon as Nacos has confirmed the change, 10 s at most. */
const ANSWER_MS = 15_000;

type Found = Extract<ControlAnswer, { ok: true }>;

/** @throws ConfigError USAGE when it is not clear which process is meant */
export async function control(invocation: ControlInvocation): Promise<void> {
  const folder = controlFolder({
    platform: process.platform,
    uid: process.getuid?.(),
    env: process.env,
  });
  const all = await lookAround(folder);
  const meant = all.filter((found) => isMeant(found, invocation));
  if (meant.length === 0) {
    fail(
      all.length === 0 ? 'no process of this user has a control socket' : notThere(invocation, all),
    );
    return;
  }
  if (invocation.change === undefined) {
    show(meant, invocation);
    return;
  }
  const [only] = meant;
  if (only === undefined || meant.length > 1) {
    throw usage(`several processes could be meant, choose one by --pid: ${listOf(meant)}`);
  }
  const { change, service } = invocation;
  const request = { do: 'change', change, ...(service === undefined ? {} : { service }) } as const;
  const answer = await ask(controlSocket(folder, only.pid), request);
  if (answer?.ok === true) show([answer], invocation);
  else fail(answer?.message ?? `process ${String(only.pid)} does not answer`);
}

/** Every process that answers. A socket that nobody listens on is what a killed process left: it is removed. */
async function lookAround(folder: string): Promise<readonly Found[]> {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // No such folder: nobody has ever opened a socket.
    return [];
  }
  const pids = names.flatMap((name) => pidOf(name) ?? []).toSorted((a, b) => a - b);
  const answers = await Promise.all(
    pids.map((pid) => ask(controlSocket(folder, pid), { do: 'status' })),
  );
  return answers.flatMap((answer) => (answer?.ok === true ? answer : []));
}

/** undefined when nobody answers. */
function ask(file: string, request: ControlRequest): Promise<ControlAnswer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(file);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('connect', () => socket.write(writeRequest(request)));
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(file, { force: true });
    });
    socket.on('close', () => resolve(readAnswer(text.trim())));
  });
}

function isMeant(found: Found, { pid, service }: ControlInvocation): boolean {
  if (pid !== undefined && found.pid !== pid) return false;
  return service === undefined || found.registrations.some((one) => one.service.name === service);
}

function notThere({ pid, service }: ControlInvocation, all: readonly Found[]): string {
  const what = [
    ...(pid === undefined ? [] : [`pid ${String(pid)}`]),
    ...(service === undefined ? [] : [`service ${service}`]),
  ];
  return `no process with ${what.join(' and ')}; there are: ${listOf(all)}`;
}

function listOf(all: readonly Found[]): string {
  return all
    .map(({ pid, registrations }) => {
      const names = registrations.map((one) => `${one.service.name} ${hostPort(one)}`);
      return `${String(pid)} (${names.join(', ') || 'nothing registered'})`;
    })
    .join(', ');
}

function show(all: readonly Found[], { json, service }: ControlInvocation): void {
  if (json) {
    const shown = all.map(({ pid, ready, registrations }) => ({ pid, ready, registrations }));
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  for (const { pid, ready, registrations } of all) {
    process.stdout.write(`process ${String(pid)}: ${ready ? 'ready' : 'not ready'}\n`);
    for (const one of registrations) {
      if (service === undefined || one.service.name === service) {
        process.stdout.write(`  ${lineOf(one)}\n`);
      }
    }
  }
}

function lineOf(one: RegistrationStatus): string {
  const { service, namespace, cluster, weight, enabled, metadata, problem } = one;
  const labels = Object.entries(metadata).map(([key, value]) => `${key}=${value}`);
  return [
    `${service.name} ${hostPort(one)} ${one.state}${enabled ? '' : ', down'}`,
    `group ${service.group}, namespace ${namespace}, cluster ${cluster}, weight ${String(weight)}`,
    ...(labels.length === 0 ? [] : [`metadata ${labels.join(' ')}`]),
    ...(problem === undefined ? [] : [problem]),
  ].join('; ');
}

function fail(message: string): void {
  process.stderr.write(`nacos-serving: ${message}\n`);
  process.exitCode = FAILED;
}
