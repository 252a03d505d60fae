/**
 * Owns what we say and how: the Logger interface (console, pino and winston fit it as they are) and the
 * default logger on stderr. Used by every layer through injection; no other file writes to the console.
 */
import { appendFileSync } from 'node:fs';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** From which level on a logger writes; `silent` writes nothing. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Any logger with these four methods will do. */
export interface Logger {
  /** What only who looks for a fault wants to read. */
  debug(message: string): void;
  /** What a process does: registered, connected, left. */
  info(message: string): void;
  /** Something is not as it should be, and goes on by itself. */
  warn(message: string): void;
  /** Something stays wrong until somebody acts. */
  error(message: string): void;
}

/** Where a logger writes, and from which level on. */
export interface LoggerOptions {
  /** Lowest level that is written; a function is asked for each line. Default `warn`. */
  readonly level?: LogLevel | (() => LogLevel);
  /** Append to this file instead of stderr. A file that cannot be written falls back to stderr. */
  readonly file?: string;
  /** Where lines go; for tests. Default: the file or stderr. */
  readonly write?: (line: string) => void;
}

/** The same logger, which no longer throws: what a user's logger does must not end our reconnecting. */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger) =>
    (message: string): void => {
      try {
        logger[level](message);
      } catch {
        // A logger that cannot log: there is nobody left to tell.
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

/** Lines of the form `nacos-serving warn  message`; in a file each starts with an ISO time. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level: lowest = 'warn' } = options;
  const rank = (): number => LOG_LEVELS.indexOf(typeof lowest === 'function' ? lowest() : lowest);
  const write = options.write ?? (options.file === undefined ? toStderr : toFile(options.file));
  const at =
    (level: LogLevel) =>
    (message: string): void => {
      if (LOG_LEVELS.indexOf(level) >= rank())
        write(`nacos-serving ${level.padEnd(5)} ${message}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Says nothing; the default of clients built in code is `createLogger()`, not this. */
export const silentLogger: Logger = createLogger({ level: 'silent', write: () => undefined });

/**
 * Writes as Node's console does: when nobody reads stderr any more, a line is lost, and the app lives on. Without a listener
 * the stream's error would be an uncaught exception of the host.
 */
export function toStderr(line: string): void {
  const { stderr } = process;
  const ignore = (): void => undefined;
  try {
    stderr.write(line, (error) => {
      // Node calls back before it emits: the host's own listeners stay the only ones when there are any.
      if (error instanceof Error && stderr.listenerCount('error') === 0)
        stderr.once('error', ignore);
    });
  } catch {
    // The stream is gone for good, and there is no other place to say so.
  }
}

function toFile(file: string): (line: string) => void {
  let usable = true;
  return (line) => {
    if (usable) {
      try {
        appendFileSync(file, `${new Date().toISOString()} ${line}`);
        return;
      } catch (error) {
        // A log file must not take the app down: say it once and go on with stderr.
        usable = false;
        toStderr(`nacos-serving warn  log file ${file}: ${String(error)}; logging to stderr\n`);
      }
    }
    toStderr(line);
  };
}
