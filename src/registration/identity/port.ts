/**
 * Owns which of several listening servers is "the service", and the port that is registered for it. Used by the registrar. The
 * order in which servers come up says little, as an admin or metrics server is often first; so what is given
 * and what is reachable count before it.
 */
import type { ListeningServer } from '../../process-hub.js';
import { isLoopback, plainAddress } from './interfaces.js';

export interface PortHints {
  /** Option `service.port`. */
  readonly explicit?: number | undefined;
  /** Option `service.advertised_port`. */
  readonly advertised?: number | undefined;
  /** The app's own PORT variable, when it holds a port. */
  readonly environment?: number | undefined;
}

export interface PortDecision {
  readonly port: number;
  /** Ends a sentence that starts with "port": `as bound`. */
  readonly because: string;
}

/** `service.port` names the server and its port; what is advertised instead of that port comes from outside, as of a container. */
export function decidePort(bound: number, hints: PortHints): PortDecision {
  const { advertised } = hints;
  if (advertised !== undefined && (hints.explicit ?? bound) === bound) {
    const because = `as advertised (service.advertised_port); the server itself is bound to ${String(bound)}`;
    return { port: advertised, because };
  }
  if (hints.explicit === undefined) return { port: bound, because: 'as bound' };
  const other = hints.explicit === bound ? '' : `; the server itself is bound to ${String(bound)}`;
  return { port: hints.explicit, because: `as given (service.port)${other}` };
}

export interface ServerChoice {
  readonly server: ListeningServer;
  readonly because: string;
}

/**
 * The best of these, the first one where nothing speaks for another. undefined for none, also when there are only
 * servers that are surely no service.
 */
export function chooseServer(
  servers: readonly ListeningServer[],
  hints: PortHints,
): ServerChoice | undefined {
  let best: ListeningServer | undefined;
  for (const server of servers) {
    if (!mayBeService(server, hints)) continue;
    if (best === undefined || isBetter(server, best, hints)) best = server;
  }
  if (best === undefined) return undefined;
  return { server: best, because: reasonFor(best, servers, hints) };
}

function mayBeService({ side, port }: ListeningServer, hints: PortHints): boolean {
  return side !== 'surely' || port === hints.explicit || port === hints.environment;
}

/** True when `one` is the service rather than `other`; never because of the order alone. */
export function isBetter(one: ListeningServer, other: ListeningServer, hints: PortHints): boolean {
  if (!mayBeService(one, hints)) return false;
  for (const { holds } of RULES) {
    const [here, there] = [holds(one, hints), holds(other, hints)];
    if (here !== there) return here;
  }
  return false;
}

/** Nothing that is still to come could be better, as far as the hints tell. */
export function isCertain(server: ListeningServer, hints: PortHints): boolean {
  return RULES.every(({ holds, matters }) => !matters(hints) || holds(server, hints));
}

interface Rule {
  readonly holds: (server: ListeningServer, hints: PortHints) => boolean;
  readonly matters: (hints: PortHints) => boolean;
  readonly because: string;
  /** Said of a server for which it does not hold. */
  readonly otherwise: string;
}

/** The first rule that tells two servers apart decides. */
const RULES: readonly Rule[] = [
  {
    holds: (server, hints) => server.port === hints.explicit,
    matters: (hints) => hints.explicit !== undefined,
    because: 'it has the port that is given (service.port)',
    otherwise: 'service.port names another one',
  },
  {
    holds: (server) => !isLoopback(plainAddress(server.host)),
    matters: () => true,
    because: 'others can reach it',
    otherwise: 'only this machine can reach it',
  },
  {
    holds: (server, hints) => server.port === hints.environment,
    matters: (hints) => hints.explicit === undefined && hints.environment !== undefined,
    because: 'it has the port of the variable PORT',
    otherwise: 'the variable PORT names another one',
  },
  {
    holds: (server) => server.side === undefined,
    matters: () => true,
    because: 'the others look like servers for metrics, administration or WebSockets',
    otherwise: 'it looks like a server for metrics, administration or WebSockets',
  },
];

export interface PortVerdict {
  readonly server: ListeningServer;
  readonly taken: boolean;
  readonly why: string;
}

/** Why each of these is the service, or is not. */
export function judgeServers(
  servers: readonly ListeningServer[],
  chosen: ListeningServer,
  hints: PortHints,
): readonly PortVerdict[] {
  return servers.map((server) => {
    if (server === chosen) {
      return { server, taken: true, why: reasonFor(chosen, servers, hints) };
    }
    const telling = RULES.find(({ holds }) => holds(chosen, hints) !== holds(server, hints));
    return { server, taken: false, why: telling?.otherwise ?? 'another one was there before' };
  });
}

function reasonFor(
  best: ListeningServer,
  servers: readonly ListeningServer[],
  hints: PortHints,
): string {
  if (servers.length === 1) return 'it is the only one';
  const telling = RULES.find(
    ({ holds }) =>
      holds(best, hints) && servers.some((server) => server !== best && !holds(server, hints)),
  );
  return telling?.because ?? 'it was the first one';
}
