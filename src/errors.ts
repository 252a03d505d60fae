/**
 * Owns every error the library throws: one family, one table of codes. Used by all layers.
 * `docs/errors.md` has one row for each code; a test compares both ways. Never holds a secret: whoever
 * builds a message passes names and redacted values only, and `toJSON` prints nothing but what is listed.
 */

/** What one code means: its class, and whether repeating the same call later may succeed. */
export interface ErrorCodeInfo {
  readonly name: string;
  readonly retryable: boolean;
}

/** Every code, with the class that carries it. The single source of `docs/errors.md`. */
export const ERROR_CODES = {
  INVALID_OPTION: { name: 'ConfigError', retryable: false },
  UNKNOWN_OPTION: { name: 'ConfigError', retryable: false },
  UNREADABLE_FILE: { name: 'ConfigError', retryable: false },
  USAGE: { name: 'ConfigError', retryable: false },
  INVALID_INSTANCE: { name: 'ConfigError', retryable: false },
  INVALID_CONFIG: { name: 'ConfigError', retryable: false },
  CONFIG_TOO_LARGE: { name: 'ConfigError', retryable: false },
  NO_CIPHER: { name: 'ConfigError', retryable: false },
  CIPHER_FAILED: { name: 'ConfigError', retryable: false },
  CONNECT_FAILED: { name: 'ConnectionError', retryable: true },
  TLS_FAILED: { name: 'ConnectionError', retryable: true },
  CONNECTION_LOST: { name: 'ConnectionError', retryable: true },
  NOT_CONNECTED: { name: 'ConnectionError', retryable: true },
  FORBIDDEN: { name: 'AuthError', retryable: false },
  CREDENTIALS_UNAVAILABLE: { name: 'AuthError', retryable: true },
  REQUEST_TIMEOUT: { name: 'RequestTimeoutError', retryable: true },
  SERVER_REJECTED: { name: 'ServerError', retryable: false },
  SERVER_FAILED: { name: 'ServerError', retryable: true },
  SERVER_UNSUPPORTED: { name: 'ServerError', retryable: false },
  CAS_CONFLICT: { name: 'ServerError', retryable: false },
  MALFORMED_MESSAGE: { name: 'ProtocolError', retryable: false },
  UNEXPECTED_RESPONSE: { name: 'ProtocolError', retryable: false },
  CLOSED: { name: 'ClosedError', retryable: false },
  NO_ADDRESS: { name: 'RegistrationError', retryable: false },
  NO_SERVICE_NAME: { name: 'RegistrationError', retryable: false },
  NOT_REGISTERED: { name: 'RegistrationError', retryable: false },
  AMBIGUOUS_SERVICE_NAME: { name: 'DiscoveryError', retryable: false },
  DISCOVERY_TIMEOUT: { name: 'DiscoveryError', retryable: true },
  CALL_TIMEOUT: { name: 'DiscoveryError', retryable: true },
  NO_INSTANCE: { name: 'NoInstanceError', retryable: true },
  SETTINGS_MISSING: { name: 'SettingsError', retryable: false },
  SETTINGS_UNREACHABLE: { name: 'SettingsError', retryable: true },
  SETTINGS_BROKEN: { name: 'SettingsError', retryable: false },
  SETTINGS_INVALID: { name: 'SettingsError', retryable: false },
} as const satisfies Record<string, ErrorCodeInfo>;

/** The code of an error of this library; docs/errors.md has a row for each. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The codes that one class may carry. */
type CodesOf<Name extends string> = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['name'] extends Name ? C : never;
}[ErrorCode];

/** Extra facts of an error: plain values, safe to print. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What an error is made of besides its code and message. */
export interface NacosErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

const BRAND = Symbol.for('nacos-serving.error');

/** Base of every error thrown by this library. Test with {@link isNacosError}, not `instanceof`. */
export class NacosError extends Error {
  readonly code: ErrorCode;
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: NacosErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = ERROR_CODES[code].name;
    this.code = code;
    this.retryable = ERROR_CODES[code].retryable;
    this.details = options.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Plain data for structured logs. */
  toJSON(): Record<string, unknown> {
    const { cause } = this;
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(Object.keys(this.details).length > 0 ? { details: this.details } : {}),
      ...(cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {}),
    };
  }
}

/** Wrong or unreadable input: options, flags, files, instance fields. */
export class ConfigError extends NacosError {
  declare readonly code: CodesOf<'ConfigError'>;
  constructor(code: CodesOf<'ConfigError'>, message: string, options?: NacosErrorOptions) {
    super(code, message, options);
  }
}

/** No connection to a Nacos server, or it broke while a request was under way. */
export class ConnectionError extends NacosError {
  declare readonly code: CodesOf<'ConnectionError'>;
  constructor(code: CodesOf<'ConnectionError'>, message: string, options?: NacosErrorOptions) {
    super(code, message, options);
  }
}

/** The server refused our credentials or our right to do this (error code 403), or the credentials could not be had. */
export class AuthError extends NacosError {
  declare readonly code: CodesOf<'AuthError'>;
  /** `code`: default FORBIDDEN. */
  constructor(
    message: string,
    options: NacosErrorOptions & { readonly code?: CodesOf<'AuthError'> } = {},
  ) {
    super(options.code ?? 'FORBIDDEN', message, options);
  }
}

/** No answer within the time the caller allowed. The server may still have done the work. */
export class RequestTimeoutError extends NacosError {
  declare readonly code: CodesOf<'RequestTimeoutError'>;
  constructor(message: string, options?: NacosErrorOptions) {
    super('REQUEST_TIMEOUT', message, options);
  }
}

/** The server answered with a failure. `resultCode` and `errorCode` are Nacos' own numbers. */
export class ServerError extends NacosError {
  declare readonly code: CodesOf<'ServerError'>;
  readonly resultCode: number;
  readonly errorCode: number;
  constructor(
    code: CodesOf<'ServerError'>,
    message: string,
    numbers: { readonly resultCode: number; readonly errorCode: number },
    options: NacosErrorOptions = {},
  ) {
    super(code, message, { ...options, details: { ...options.details, ...numbers } });
    this.resultCode = numbers.resultCode;
    this.errorCode = numbers.errorCode;
  }
}

/** Bytes or a message that the protocol does not allow. */
export class ProtocolError extends NacosError {
  declare readonly code: CodesOf<'ProtocolError'>;
  constructor(code: CodesOf<'ProtocolError'>, message: string, options?: NacosErrorOptions) {
    super(code, message, options);
  }
}

/** The client, session or subscription was closed by its owner. */
export class ClosedError extends NacosError {
  declare readonly code: CodesOf<'ClosedError'>;
  constructor(message: string, options?: NacosErrorOptions) {
    super('CLOSED', message, options);
  }
}

/** This process cannot be registered: no usable address, no name, or it is out again. */
export class RegistrationError extends NacosError {
  declare readonly code: CodesOf<'RegistrationError'>;
  constructor(code: CodesOf<'RegistrationError'>, message: string, options?: NacosErrorOptions) {
    super(code, message, options);
  }
}

/** A service name could not be turned into an instance. */
export class DiscoveryError extends NacosError {
  declare readonly code: CodesOf<'DiscoveryError' | 'NoInstanceError'>;
  constructor(
    code: CodesOf<'DiscoveryError' | 'NoInstanceError'>,
    message: string,
    options?: NacosErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** The service is known but no instance may be called: none there, or all filtered out. */
export class NoInstanceError extends DiscoveryError {
  constructor(message: string, options?: NacosErrorOptions) {
    super('NO_INSTANCE', message, options);
  }
}

/** Settings cannot be made of their sources: one is missing, unreachable or broken, or the schema refuses what they give together. */
export class SettingsError extends NacosError {
  declare readonly code: CodesOf<'SettingsError'>;
  constructor(code: CodesOf<'SettingsError'>, message: string, options?: NacosErrorOptions) {
    super(code, message, options);
  }
}

/** True for errors of this library, also those of a second copy of the package in the process. */
export function isNacosError(value: unknown): value is NacosError {
  return value instanceof Error && (value as { [BRAND]?: unknown })[BRAND] === true;
}
