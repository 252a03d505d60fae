/**
 * Owns the faults a test or a demo can switch on: what really happens to servers and networks, and what servers answer
 * on bad days. Each acts on the real parts of the running server; there is no second path through the code.
 */
import { runInBackground } from '../util/deferred.js';
import { CONNECT_RESET_REQUEST } from '../wire/messages/connection.js';
import type { Connections } from './connections.js';
import type { FaultState } from './fault-state.js';
import type { GrpcGate } from './grpc-gate.js';
import type { Pauses } from './pauses.js';

/** Which requests fail, and how. */
export interface FailPlan {
  readonly errorCode: number;
  readonly message: string;
  /** How many requests fail. Default 1; `Infinity` until `clear`; 0 takes the plan back. */
  readonly times?: number;
  /** True: ErrorResponse, as for failures of the transport. Default: the request's own response type. */
  readonly asErrorResponse?: boolean;
}

/** How the server comes back. */
export interface RestartOptions {
  /** Time between going down and coming back, in which connects are refused. Default 0. */
  readonly downMs?: number;
}

/** Where clients are asked to go: an HTTP address like those in their server list. */
export interface ResetTarget {
  readonly ip: string;
  readonly port: number;
}

/** What can go wrong with the server, on request. */
export interface Faults {
  /** Cuts every client socket with a TCP reset. New ones are accepted. */
  dropConnections(): void;
  /** On: connects are refused by the system; open sockets stay. Off: the same ports again. */
  refuse(on: boolean): Promise<void>;
  /** Every unary answer comes this much later. 0 ends it. */
  delay(ms: number): void;
  /** On: sockets stay open and new ones are accepted, but nothing is read or sent, as after SIGSTOP. */
  freeze(on: boolean): void;
  /** Down and up on the same ports: sockets are cut, ephemeral instances and subscriptions are lost, config stays. */
  restart(options?: RestartOptions): Promise<void>;
  /** The next requests of this type fail this way. A new plan for the type replaces the old one. */
  fail(requestType: string, plan: FailPlan): void;
  /** Asks every client to connect again, to `target` if given. The server closes nothing. */
  resetConnections(target?: ResetTarget): void;
  /** On: the server answers "starting" (300) to everything, also to the check which comes first. */
  starting(on: boolean): void;
  /** Forgets a connection and all it owned while its socket stays: its requests get 301. */
  unregister(connectionId: string): void;
  /** Every token is refused (403) until its owner logs in again. */
  forgetTokens(): void;
  /** Ends every fault that is on. */
  clear(): Promise<void>;
}

/** What faults need of the server. */
export interface FaultParts {
  readonly pauses: Pauses;
  readonly state: FaultState;
  readonly connections: Connections;
  readonly gate: GrpcGate;
  /** Stops or starts both listeners, on the same ports. */
  readonly setListening: (on: boolean) => Promise<void>;
  /** Resets the sockets of both ports. */
  readonly resetSockets: () => void;
  /** Loses what a restarted server does not have any more. */
  readonly forgetEphemeral: () => void;
  readonly forgetTokens: () => void;
  /** Holds back answers over HTTP. */
  readonly holdHttp: (on: boolean) => void;
}

const RESET_ACK_WAIT_MS = 3000;

export function createFaults(parts: FaultParts): Faults {
  const { pauses, state, connections, gate } = parts;
  const freeze = (on: boolean): void => {
    gate.freeze(on);
    parts.holdHttp(on);
  };
  return {
    dropConnections: parts.resetSockets,
    refuse: (on) => parts.setListening(!on),
    delay(ms) {
      state.delayMs = ms;
    },
    freeze,
    async restart({ downMs = 0 } = {}) {
      await parts.setListening(false);
      parts.resetSockets();
      parts.forgetEphemeral();
      await pauses.wait(downMs);
      await parts.setListening(true);
    },
    fail(requestType, { errorCode, message, times = 1, asErrorResponse = false }) {
      state.planFailure(requestType, { errorCode, message, asErrorResponse }, times);
    },
    resetConnections(target) {
      for (const connection of connections.all()) {
        const body = {
          module: 'internal',
          connectionId: connection.id,
          // Text, and the HTTP port (trap 9).
          ...(target === undefined ? {} : { serverIp: target.ip, serverPort: String(target.port) }),
        };
        runInBackground(connection.request(CONNECT_RESET_REQUEST, body, RESET_ACK_WAIT_MS));
      }
    },
    starting(on) {
      state.starting = on;
    },
    unregister(connectionId) {
      const connection = connections.byId(connectionId);
      if (connection !== undefined) connections.remove(connection.peer);
    },
    forgetTokens: parts.forgetTokens,
    async clear() {
      state.clear();
      freeze(false);
      await parts.setListening(true);
    },
  };
}
