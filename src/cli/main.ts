#!/usr/bin/env node
/**
 * Owns the program `nacos-serving`: reads the words, loads what the command needs and nothing else, and turns errors
 * into one line and an exit code. 2: what was typed or configured is wrong, and nothing was started. 1: it failed.
 */
import { isNacosError } from '../errors.js';
import { parseCommandLine, type Invocation } from './args.js';

const FAILED = 1;
const WRONG_INPUT = 2;

async function main(): Promise<void> {
  const invocation = parseCommandLine(process.argv.slice(2));
  switch (invocation.kind) {
    case 'version': {
      const { VERSION } = await import('../version.js');
      process.stdout.write(`${VERSION}\n`);
      return;
    }
    case 'help':
      return showHelp(invocation);
    case 'dev': {
      const { dev } = await import('./commands/dev.js');
      return dev(invocation.values);
    }
    case 'run': {
      const { run } = await import('./commands/run.js');
      return run(invocation);
    }
    case 'control': {
      const { control } = await import('./commands/control.js');
      return control(invocation);
    }
    case 'lookup': {
      const { lookUp } = await import('./commands/look-up.js');
      return lookUp(invocation);
    }
    case 'doctor': {
      const { doctor } = await import('./commands/doctor.js');
      return doctor(invocation);
    }
    case 'config': {
      const { config } = await import('./commands/config.js');
      return config(invocation);
    }
  }
}

async function showHelp(invocation: Extract<Invocation, { kind: 'help' }>): Promise<void> {
  const { helpText } = await import('./help.js');
  (invocation.asked ? process.stdout : process.stderr).write(helpText(invocation.about));
  if (!invocation.asked) process.exitCode = WRONG_INPUT;
}

main().catch((error: unknown) => {
  const known = isNacosError(error);
  const text = known ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`nacos-serving: ${text ?? ''}\n`);
  process.exitCode = known && error.name === 'ConfigError' ? WRONG_INPUT : FAILED;
});
