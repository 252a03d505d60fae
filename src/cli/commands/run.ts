/**
 * Owns `nacos-serving run`: check everything, then start the app with the preload. Nothing starts while an option or
 * the file is wrong, and nothing is printed when all is well. Called by `main.ts`. It never loads the hooks itself.
 */
import { loadOptions, type LoadedOptions } from '../../options/load.js';
import { oneLine } from '../../options/given.js';
import { readCliVariable } from '../../options/env.js';
import type { AppTarget, CommandTarget, RunInvocation } from '../args.js';
import { checkEntryFile, typeScriptFlags } from '../entry-file.js';
import { findCommand } from '../find-command.js';
import type { ImportedVariable } from '../imported-config.js';
import { launch, type Launch } from '../launch.js';
import { appEnvironment, PRELOAD_FILE, withLocalBins, withoutPreload } from '../node-options.js';

interface Plan extends Launch {
  /** The app's file; undefined for a command, whose script is not known before it runs. */
  readonly script: string | undefined;
}

const WRONG = 2;
const NOT_STARTED = 126;
const NOT_FOUND = 127;

/** Ends the process with the app. @throws ConfigError before anything was started */
export async function run(invocation: RunInvocation): Promise<void> {
  const { target } = invocation;
  // Flags of an outer nacos-serving go on to count, below our own.
  const values = { ...readCliVariable(process.env), ...invocation.values };
  const loaded = loadOptions({
    cli: values,
    env: process.env,
    cwd: process.cwd(),
    defaultLevel: 'info',
  });
  await checkWatch(loaded);
  if (invocation.print !== undefined) {
    const { printConfig } = await import('./print-config.js');
    process.stdout.write(printConfig(loaded, invocation.print, await importedBy(loaded)));
    return;
  }
  if (target === undefined) return;
  // What is wrong on this machine is told before anybody is asked.
  const base = appEnvironment(process.env, values);
  if (target.kind === 'app') checkEntryFile(target.file, process.cwd());
  const imported = await importedBy(loaded);
  const env = { ...variablesOf(imported), ...base };
  const plan = target.kind === 'app' ? planApp(target, env) : planCommand(target, env);
  if (plan === undefined) return;
  if (invocation.dryRun) return showDryRun(loaded, plan, imported);
  launch(plan, (error) => {
    const code = 'code' in error ? String(error.code) : error.message;
    fail(
      `${oneLine(plan.file)} cannot be started: ${code}`,
      code === 'ENOENT' ? NOT_FOUND : NOT_STARTED,
    );
  });
}

/** @throws ConfigError for the words of `config.watch` */
async function checkWatch({ options }: LoadedOptions): Promise<void> {
  const { watch } = options.config;
  if (watch === undefined) return;
  const { parseImport } = await import('../../settings/import-spec.js');
  parseImport(watch, 'config.watch', true);
}

/** Nothing is loaded for it unless somebody imports something. @throws ConfigError, SettingsError */
async function importedBy({ options }: LoadedOptions): Promise<readonly ImportedVariable[]> {
  if (options.config.import.length === 0) return [];
  const { importConfig } = await import('../imported-config.js');
  return importConfig(options, process.env);
}

/** What the app gets of them. */
function variablesOf(imported: readonly ImportedVariable[]): Readonly<Record<string, string>> {
  const given = imported.filter(({ whyNot }) => whyNot === undefined);
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

async function showDryRun(
  loaded: LoadedOptions,
  plan: Plan,
  imported: readonly ImportedVariable[],
): Promise<void> {
  const { dryRun } = await import('./dry-run.js');
  const { text, problems } = await dryRun(loaded, { ...plan, cwd: process.cwd(), imported });
  process.stdout.write(text);
  for (const problem of problems) fail(problem, WRONG);
}

function planApp(target: AppTarget, env: Record<string, string>): Plan {
  const file = checkEntryFile(target.file, process.cwd());
  const stripsTypes: unknown = Reflect.get(process.features, 'typescript'); // since Node 22.10
  const loader = typeScriptFlags(file, {
    stripsTypes: Boolean(stripsTypes),
    version: process.version,
    flags: [...process.execArgv, withoutPreload(process.env['NODE_OPTIONS'], PRELOAD_FILE)].join(
      ' ',
    ),
  });
  return {
    file: process.execPath,
    argv0: process.argv0,
    args: [...process.execArgv, ...loader, file, ...target.args],
    env,
    replaceable: true,
    script: file,
  };
}

function planCommand(target: CommandTarget, base: Record<string, string>): Plan | undefined {
  const env = withLocalBins(base, process.cwd());
  const found = findCommand(target.name, env['PATH'] ?? '', process.cwd());
  if ('exitCode' in found) {
    fail(`${oneLine(target.name)}: ${found.reason}`, found.exitCode);
    return undefined;
  }
  return {
    file: found.file,
    argv0: target.name,
    args: target.args,
    env,
    replaceable: false,
    script: undefined,
  };
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`nacos-serving: ${message}\n`);
  process.exitCode = exitCode;
}
