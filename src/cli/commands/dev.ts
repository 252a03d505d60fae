/**
 * Owns `nacos-serving dev`: the dev server as a program of its own. Called by `main.ts`. It says where it listens, and ends
 * on SIGINT and SIGTERM with exit code 0, since that is how it is meant to end. A second signal ends it at once.
 */
import { startDevServer } from '../../dev-server/index.js';
import { isNacosError } from '../../errors.js';
import { createLogger } from '../../logger.js';
import { CLI_VARIABLE, type CliValues } from '../../options/env.js';
import { invalidValue } from '../../options/given.js';
import { readValue } from '../../options/validate.js';
import { DEV_ROWS } from '../args.js';

/** Something failed that no spelling of the command line can change. */
const FAILED = 1;

/** @throws ConfigError for a bad flag */
export async function dev(values: CliValues): Promise<void> {
  const port = Number(flagValue('port', values));
  const host = flagValue('host', values);
  // Under an outer nacos-serving this process has the preload too: the registry is no service of itself.
  Reflect.deleteProperty(process.env, CLI_VARIABLE);
  process.env['NACOS_AUTO_REGISTER'] = 'false';

  const server = await startDevServer({
    port,
    host,
    logger: createLogger({ level: 'info' }),
  }).catch((error: unknown) => {
    if (!isNacosError(error)) throw error;
    process.stderr.write(`nacos-serving: ${error.message}\n`);
    process.exitCode = FAILED;
    return undefined;
  });
  if (server === undefined) return;
  const stop = (): void => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`nacos-serving: ${String(error)}\n`);
        process.exit(FAILED);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.stdout.write(`ready on ${server.address} (gRPC ${String(server.grpcPort)})\n`);
}

function flagValue(path: string, values: CliValues): string {
  const row = DEV_ROWS.find((each) => each.path === path);
  if (row === undefined) throw new RangeError(`dev has no flag for ${path}`);
  const raw = values[path] ?? String(row.default);
  const reading = readValue(row, raw, { cwd: process.cwd(), fromCode: false });
  if ('value' in reading) return raw.toString();
  const origin = `--${row.flag}`;
  throw invalidValue({ row, raw, origin, place: origin }, reading.allowed);
}
