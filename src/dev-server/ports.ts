/**
 * Owns the choice of the pair of ports: HTTP and, 1000 above it, gRPC, as clients compute it. Called once at the start.
 */
import { ConfigError } from '../errors.js';
import type { Clock } from '../util/clock.js';

/** gRPC port = HTTP port + this, in every Nacos client. */
export const GRPC_PORT_OFFSET = 1000;

/**
 * Free pairs are looked for here: below the ranges from which systems take ports for outgoing sockets, so that no
 * such socket can sit on a port of ours while a fault has it closed.
 */
const FREE_PORT_MIN = 20_000;
const FREE_PORT_COUNT = 9000;
const ATTEMPTS = 50;
const MAX_PORT = 65_535;

export interface Listeners {
  readonly host: string;
  readonly listenHttp: (port: number) => Promise<void>;
  readonly listenGrpc: (port: number) => Promise<void>;
  /** Frees what listens already. */
  readonly stop: () => void;
}

/**
 * Listens on `port` and the port above it; 0 takes any free pair. @returns the HTTP port.
 * @throws ConfigError INVALID_OPTION naming the port that cannot be used.
 */
export async function listenOnPair(
  port: number,
  clock: Clock,
  listeners: Listeners,
): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT - GRPC_PORT_OFFSET) {
    const max = String(MAX_PORT - GRPC_PORT_OFFSET);
    throw new ConfigError(
      'INVALID_OPTION',
      `port ${String(port)} cannot be used: it must be 0 to ${max}, since gRPC listens ${String(GRPC_PORT_OFFSET)} above it`,
    );
  }
  if (port !== 0) {
    await listenOn(port, listeners);
    return port;
  }
  const first = Math.floor(clock.random() * FREE_PORT_COUNT);
  for (let attempt = 1; ; attempt += 1) {
    const candidate = FREE_PORT_MIN + ((first + attempt - 1) % FREE_PORT_COUNT);
    try {
      await listenOn(candidate, listeners);
      return candidate;
    } catch (error) {
      // Somebody has one of the two: the next candidate may be free.
      if (attempt >= ATTEMPTS) throw error;
    }
  }
}

async function listenOn(port: number, listeners: Listeners): Promise<void> {
  const { host, listenHttp, listenGrpc, stop } = listeners;
  try {
    await listenHttp(port);
  } catch (cause) {
    throw unusable(host, port, 'HTTP', cause);
  }
  try {
    await listenGrpc(port + GRPC_PORT_OFFSET);
  } catch (cause) {
    stop();
    throw unusable(host, port + GRPC_PORT_OFFSET, 'gRPC', cause);
  }
}

function unusable(host: string, port: number, use: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const why = code === 'EADDRINUSE' ? 'another program listens there' : code;
  return new ConfigError(
    'INVALID_OPTION',
    `port ${String(port)} (${use}) on ${host} cannot be used: ${why}`,
    { cause, details: { port, host } },
  );
}
