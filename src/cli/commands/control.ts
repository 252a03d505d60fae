/**
 * Owns the commands that talk to running processes of this user: picks the one that is meant, asks, and shows what the registry confirmed. Called
 * by `main.ts`. Exit codes: 0 done; 1 nobody there, no answer, refused, or an edit in Nacos counts more; 2 usage, which
 * includes that several processes could be meant.
 */
import { hostPort } from '../../model.js';
import type { InstanceChange, RegistrationStatus } from '../../process-hub.js';
import type { ControlAnswer } from '../../runtime/control-messages.js';
import type { ControlInvocation } from '../control-args.js';
import { askChange, findProcesses, type RunningProcess } from '../control-processes.js';
import { usage } from '../flags.js';
import { printable } from '../printable.js';

const FAILED = 1;

type Answered = Extract<ControlAnswer, { ok: true }>;

/** @throws ConfigError USAGE when it is not clear which process is meant */
export async function control(invocation: ControlInvocation): Promise<void> {
  const { change, pid, service } = invocation;
  const { platform, env } = process;
  const all = await findProcesses({ platform, env, uid: process.getuid?.() }, pid);
  const meant = service === undefined ? all : all.filter((one) => hasService(one, service));
  if (meant.length === 0) {
    fail(nobody(invocation, all));
    return;
  }
  if (change === undefined) {
    show(meant.flatMap(answerOf), invocation);
    for (const silent of meant.filter((one) => answerOf(one).length === 0)) fail(whySilent(silent));
    return;
  }
  const [only] = meant;
  if (only === undefined || meant.length > 1) {
    throw usage(`several processes could be meant, choose one by --pid: ${listOf(meant)}`);
  }
  // Who has not even said its state would only be waited for.
  const answer = only.answer?.ok
    ? await askChange(only.file, {
        do: 'change',
        change,
        ...(service === undefined ? {} : { service }),
      })
    : only.answer;
  if (answer?.ok !== true) {
    fail(whySilent({ ...only, answer }));
    return;
  }
  show([answer], invocation);
  if (!shownOf(answer, service).every((status) => isDone(status, change))) {
    process.exitCode = FAILED;
  }
}

function answerOf({ answer }: RunningProcess): readonly Answered[] {
  return answer?.ok === true ? [answer] : [];
}

function hasService(one: RunningProcess, name: string): boolean {
  return answerOf(one).some((answer) => shownOf(answer, name).length > 0);
}

function shownOf(
  { registrations }: Answered,
  name: string | undefined,
): readonly RegistrationStatus[] {
  return registrations.filter(({ service }) => name === undefined || service.name === name);
}

/** What is not there yet because the process is not ready is done: it is carried out with the rest. */
function isDone(
  status: RegistrationStatus,
  { enabled, weight, metadata }: InstanceChange,
): boolean {
  if (status.state !== 'registered') return true;
  if (enabled !== undefined && status.ready && status.enabled !== enabled) return false;
  // A disabled instance is in no list, so nothing is known of the rest.
  if (!status.enabled) return true;
  if (weight !== undefined && status.weight !== weight) return false;
  return Object.entries(metadata ?? {}).every(
    ([key, value]) => (status.metadata[key] ?? null) === value,
  );
}

function nobody({ pid, service }: ControlInvocation, all: readonly RunningProcess[]): string {
  const hint = 'of this user has registered anything, or its control socket is elsewhere';
  if (pid === undefined && service === undefined) return `no running process ${hint}`;
  const what = pid === undefined ? 'no running process' : `no process ${String(pid)}`;
  if (service === undefined || all.length === 0) return `${what} ${hint}`;
  const others = pid === undefined ? `; there are: ${listOf(all)}` : `: ${listOf(all)}`;
  return `${what} has registered ${service}${others}`;
}

function whySilent({ pid, answer }: RunningProcess): string {
  if (answer?.ok === false) return `process ${String(pid)}: ${printable(answer.message)}`;
  return `process ${String(pid)} does not answer`;
}

function listOf(all: readonly RunningProcess[]): string {
  return all
    .map((one) => {
      const [answer] = answerOf(one);
      if (answer === undefined) return `${String(one.pid)} (does not answer)`;
      const names = answer.registrations.map(
        (status) => `${printable(status.service.name)} ${hostPort(status)}`,
      );
      return `${String(one.pid)} (${names.join(', ') || 'nothing registered'})`;
    })
    .join(', ');
}

function show(all: readonly Answered[], { json, service }: ControlInvocation): void {
  if (json) {
    const shown = all.map((answer) => ({
      pid: answer.pid,
      ready: answer.ready,
      registrations: shownOf(answer, service),
      ...(answer.settings === undefined ? {} : { settings: answer.settings }),
    }));
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  for (const answer of all) {
    const { pid, ready } = answer;
    process.stdout.write(`process ${String(pid)}: ${ready ? 'ready' : 'not ready'}\n`);
    for (const one of shownOf(answer, service)) {
      process.stdout.write(`  ${printable(lineOf(one))}\n`);
    }
    for (const { name, state, problem } of answer.settings ?? []) {
      const why = problem === undefined ? '' : `; ${problem}`;
      process.stdout.write(`  settings ${printable(`${name} ${state}${why}`)}\n`);
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
