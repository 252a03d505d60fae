/**
 * Owns moving a call by name to another instance when there is no connection to the one it was sent to. It covers `createSocket` of agents: the
 * request gets its socket only when that is connected, so what it buffers till then can go elsewhere, whatever its method and body. Other
 * calls pass through. Installed by `http-calls.cts`.
 */
import type { Agent } from 'node:http';
import { Socket } from 'node:net';

import { NamedCall } from './http-call.cjs';
import { watcherOf } from './http-cover.cjs';
import {
  endRequest,
  isHookedRequest,
  isInQueue,
  takeFromQueue,
  type HookedRequest,
} from './http-request.cjs';

type Created = (error: Error | null | undefined, socket?: Socket) => void;

interface Attempt {
  readonly agent: Agent;
  readonly request: HookedRequest;
  readonly call: NamedCall;
  readonly socket: Socket;
  readonly hand: Created;
}

const HOOKED = Symbol('nacos-serving.create-socket');

/** `agents` is an agent, or the prototype of all. */
export function coverCreateSocket(agents: object): void {
  const create: unknown = Reflect.get(agents, 'createSocket');
  if (typeof create !== 'function' || Reflect.get(agents, HOOKED) === true) return;
  const original = create as (...args: unknown[]) => unknown;

  function createSocket(this: Agent, ...args: unknown[]): unknown {
    const [request, options, created] = args;
    if (!isHookedRequest(request) || typeof created !== 'function') {
      return Reflect.apply(original, this, args);
    }
    const call = watcherOf(request);
    if (!(call instanceof NamedCall)) return Reflect.apply(original, this, args);
    const hand = created as Created;
    const held: Created = (error, socket) => {
      if (socket instanceof Socket && socket.connecting && !(error instanceof Error)) {
        holdUntilConnected({ agent: this, request, call, socket, hand });
      } else {
        hand(error, socket);
      }
    };
    return Reflect.apply(original, this, [request, options, held]);
  }
  Object.defineProperty(agents, 'createSocket', {
    writable: true,
    configurable: true,
    enumerable: false,
    ...Object.getOwnPropertyDescriptor(agents, 'createSocket'),
    value: createSocket,
  });
  Object.defineProperty(agents, HOOKED, { value: true });
}

function holdUntilConnected(attempt: Attempt): void {
  const { agent, request, call, socket, hand } = attempt;
  // A socket that an agent makes for its queue goes to whoever is first in it by then.
  const isForQueue = isInQueue(agent, request);

  const stop = (): void => {
    socket.off('connect', onConnect);
    socket.off('error', onError);
    socket.off('close', onClose);
    socket.off('timeout', onTimeout);
    if (!isForQueue) call.whenDestroyed = undefined;
  };
  const onConnect = (): void => {
    stop();
    hand(null, socket);
  };
  const onError = (error: Error): void => {
    stop();
    // Another socket of the queue has served it meanwhile.
    if (isForQueue && !takeFromQueue(agent, request)) return;
    // The agent drops the failed socket by itself when that closes, right after this.
    if (!call.movesOn(error)) request.onSocket(socket, error);
  };
  const onClose = (): void => {
    stop();
    if (isForQueue && !takeFromQueue(agent, request)) return;
    endRequest(request);
  };
  // As Node does for a socket that belongs to a request already.
  const onTimeout = (): void => {
    if (!isForQueue) request.emit('timeout');
  };
  if (!isForQueue) {
    call.whenDestroyed = () => {
      stop();
      socket.on('error', ignore);
      socket.destroy();
      endRequest(request);
    };
  }
  // The agent sets this only when it hands the socket over; until then its own timeout would count.
  const timeoutMs: unknown = Reflect.get(request, 'timeout');
  if (!isForQueue && typeof timeoutMs === 'number') socket.setTimeout(timeoutMs);
  socket.on('connect', onConnect);
  socket.on('error', onError);
  socket.on('close', onClose);
  socket.on('timeout', onTimeout);
}

function ignore(): void {
  // The socket was given up on purpose; nobody waits for its last words.
}
