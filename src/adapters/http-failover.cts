/**
 * Owns the second attempt of node:http(s): when a new connection for a call by name fails before it is there, nothing was sent, and
 * the request, untouched, goes to another instance. Called by `http-calls.cts`, which sends. It wraps
 * `Agent.prototype.createSocket`, where request and socket are both known: the request gets its socket only when that is
 * connected, and a request that moves on goes through `addRequest` again. So pools, their limits and their queues always have
 * the instance that is really connected to. Sockets that are reused, and requests of others, take no part in this.
 */
import { Agent } from 'node:http';
import { Socket } from 'node:net';

import {
  endRequest,
  isHookedRequest,
  isInQueue,
  namedCallOf,
  onceDestroyed,
  takeFromQueue,
  type HookedRequest,
  type NamedCall,
  type RequestOptions,
} from './http-request.cjs';

/** Sends a request to the last target of the call. */
export type Send = (request: HookedRequest, options: RequestOptions, call: NamedCall) => void;

type Created = (error: Error | null | undefined, socket?: Socket) => void;

interface Attempt {
  readonly agent: Agent;
  readonly request: HookedRequest;
  readonly options: RequestOptions;
  readonly call: NamedCall;
  readonly socket: Socket;
  readonly hand: Created;
}

export function installHttpFailover(send: Send): void {
  const create: unknown = Reflect.get(Agent.prototype, 'createSocket');
  if (typeof create !== 'function') return;
  const original = create as (...args: unknown[]) => unknown;

  function createSocket(this: Agent, ...args: unknown[]): unknown {
    const [request, options, created] = args;
    const call = namedCallOf(options);
    if (call === undefined || !isHookedRequest(request) || typeof created !== 'function') {
      return Reflect.apply(original, this, args);
    }
    const hand = created as Created;
    const held: Created = (error, socket) => {
      if (socket instanceof Socket && socket.connecting && !(error instanceof Error)) {
        // Checked above: a call is found in objects only.
        const given = options as RequestOptions;
        holdUntilConnected({ agent: this, request, options: given, call, socket, hand }, send);
      } else {
        hand(error, socket);
      }
    };
    return Reflect.apply(original, this, [request, options, held]);
  }
  Object.defineProperty(Agent.prototype, 'createSocket', {
    ...Object.getOwnPropertyDescriptor(Agent.prototype, 'createSocket'),
    value: createSocket,
  });
}

function holdUntilConnected(attempt: Attempt, send: Send): void {
  const { agent, request, socket, hand } = attempt;
  // A socket that an agent makes for its queue goes to whoever is first in it by then.
  const isForQueue = isInQueue(agent, request);

  const stop = (): void => {
    socket.off('connect', onConnect);
    socket.off('error', onError);
    socket.off('close', onClose);
    socket.off('timeout', onTimeout);
    stopWatching();
  };
  const onConnect = (): void => {
    stop();
    hand(null, socket);
  };
  const onError = (error: Error): void => {
    stop();
    moveOn(attempt, send, isForQueue, error);
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
  const onDestroyed = (): void => {
    stop();
    socket.on('error', ignore);
    socket.destroy();
    endRequest(request);
  };
  const stopWatching = isForQueue ? ignore : onceDestroyed(request, onDestroyed);
  // The agent sets this only when it hands the socket over; until then its own timeout would count.
  const timeoutMs: unknown = Reflect.get(request, 'timeout');
  if (!isForQueue && typeof timeoutMs === 'number') socket.setTimeout(timeoutMs);
  socket.on('connect', onConnect);
  socket.on('error', onError);
  socket.on('close', onClose);
  socket.on('timeout', onTimeout);
}

/** The agent drops the failed socket by itself when that closes, right after this. */
function moveOn(attempt: Attempt, send: Send, isForQueue: boolean, error: Error): void {
  const { agent, request, options, call, socket } = attempt;
  const last = call.tried.at(-1);
  if (last !== undefined) call.calls.settle(last, { outcome: 'unsent', tookMs: 0 });
  const next = call.calls.nextAttempt({ ...call, outcome: 'unsent', elapsedMs: 0 })?.target;
  // Another socket of the queue has served it meanwhile.
  if (isForQueue && !takeFromQueue(agent, request)) return;
  if (next === undefined || request.destroyed) {
    // The error of the last attempt, as the user knows it from Node.
    request.onSocket(socket, error);
    return;
  }
  try {
    send(request, options, { ...call, tried: [...call.tried, next] });
  } catch (thrown) {
    endRequest(request, thrown instanceof Error ? thrown : error);
  }
}

function ignore(): void {
  // The socket was given up on purpose; nobody waits for its last words.
}
