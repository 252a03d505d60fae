/**
 * Owns the ways on which members reach their chief: the IPC channel of a cluster worker, and a broadcast channel between the threads
 * of a process. Used by the preload part of the family. The app sees nothing of it: no message reaches its listeners, nothing keeps a process
 * or a thread alive, and neither `cluster`, `child_process` nor `worker_threads` is loaded before the app does so.
 */
import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:worker_threads';

import type { Above, Below, ChiefEnd, ToChief, ToMember } from './contract.js';
import { envelope, field, number, readToChief, readToMember } from './messages.cjs';

const THREADS = 'nacos-serving.family.1';
const MAIN_THREAD = 0;

/** True when this is a worker thread. In a thread Node has loaded `worker_threads` itself. */
export function isThread(): boolean {
  return (
    isLoaded('worker_threads') && !process.getBuiltinModule('node:worker_threads').isMainThread
  );
}

/** Listens to the workers that the cluster of this process has started already. */
export function listenToWorkers(end: ChiefEnd): void {
  if (!isLoaded('internal/cluster/primary')) return;
  for (const worker of childrenOf(cluster('workers'))) {
    const child = field(worker, 'process');
    if (isChild(child)) listenToChild(child, end);
  }
}

/** Listens to the threads that this one is told of. Only the main thread is a chief of threads: a nested one registers by itself. */
export function listenToThreadsOf(end: ChiefEnd): (worker: unknown) => void {
  if (isThread()) return () => undefined;
  let listen: ((worker: Worker) => void) | undefined;
  return (worker) => {
    if (!(worker instanceof process.getBuiltinModule('node:worker_threads').Worker)) return;
    listen ??= listenToThreads(end);
    listen(worker);
  };
}

/** The way up, when this process or thread may have a chief. Asked when a server is about to listen: then Node has loaded `cluster`. */
export function openAbove(receive: (message: ToMember) => void): Above | undefined {
  if (isThread()) return openToMainThread(receive);
  if (process.send === undefined) return undefined;
  if (cluster('isWorker') !== true) return undefined;
  listenInternally(process, (message) => {
    const read = readToMember(message);
    if (read !== undefined) receive(read);
  });
  return {
    kind: 'process',
    send(message) {
      // With a callback a channel that is gone is no error of the process.
      process.send?.(envelope(message), undefined, undefined, () => undefined);
    },
  };
}

const heard = new WeakSet<object>();

/** A child process that has a channel. Idempotent: a first worker is both there and just started. */
export function listenToChild(child: unknown, end: ChiefEnd): void {
  if (!isChild(child) || !child.channel || heard.has(child)) return;
  heard.add(child);
  const below: Below = {
    send(message) {
      child.send(envelope(message), undefined, {}, () => undefined);
    },
  };
  let known = false;
  listenInternally(child, (message) => {
    const read = readToChief(message);
    if (read === undefined) return;
    if (!known) {
      known = true;
      const gone = (): void => end.gone(below);
      // Whichever is first: a channel may be closed long before its process ends.
      child.once('exit', gone);
      child.once('disconnect', gone);
      holdDisconnects(child, () => end.disconnecting(below));
    }
    end.receive(below, read);
  });
}

const disconnects = new WeakMap<object, () => Promise<void> | undefined>();
let holdsDisconnects = false;

/** With `disconnect` of its last worker a primary closes the port at once, whatever the worker does. */
function holdDisconnects(child: ChildProcess, leave: () => Promise<void> | undefined): void {
  disconnects.set(child, leave);
  if (holdsDisconnects) return;
  holdsDisconnects = true;
  const prototype: unknown = field(cluster('Worker'), 'prototype');
  const original = field(prototype, 'disconnect');
  if (typeof original !== 'function' || !isObject(prototype)) return;
  const value = new Proxy(original, {
    apply(target, worker: unknown, args: unknown[]): unknown {
      const process: unknown = field(worker, 'process');
      const out = isChild(process) ? disconnects.get(process)?.() : undefined;
      if (out === undefined || !isObject(worker)) return Reflect.apply(target, worker, args);
      // As the original says at once.
      Reflect.set(worker, 'exitedAfterDisconnect', true);
      void out.then(() => {
        // It may have ended by itself meanwhile.
        if (field(process, 'connected') === true) Reflect.apply(target, worker, args);
      });
      return worker;
    },
  });
  Reflect.set(prototype, 'disconnect', value);
}

/** Node gives messages of its own kind to these listeners only; every channel has one of them already. */
function listenInternally(channel: NodeJS.EventEmitter, receive: (message: unknown) => void): void {
  channel.on('internalMessage', (message: unknown) => receive(message));
}

/** Of the main thread, when its first thread is made. */
function listenToThreads(end: ChiefEnd): (worker: Worker) => void {
  const workers = new Map<number, WeakRef<Worker>>();
  const collected = new FinalizationRegistry<number>((id) => workers.delete(id));
  const members = new Map<number, Below>();
  const channel = openThreads(MAIN_THREAD, (from, message) => {
    const worker = workers.get(from)?.deref();
    const read = readToChief(message);
    if (worker === undefined || read === undefined) return;
    let below = members.get(from);
    if (below === undefined) {
      const added: Below = { send: (answer) => channel(from, answer) };
      members.set(from, added);
      worker.once('exit', () => {
        members.delete(from);
        end.gone(added);
      });
      below = added;
    }
    end.receive(below, read);
  });
  return (worker) => {
    const { threadId } = worker;
    workers.set(threadId, new WeakRef(worker));
    collected.register(worker, threadId);
  };
}

function openToMainThread(receive: (message: ToMember) => void): Above {
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  const channel = openThreads(threadId, (from, message) => {
    const read = from === MAIN_THREAD ? readToMember(message) : undefined;
    if (read !== undefined) receive(read);
  });
  return { kind: 'thread', send: (message) => channel(MAIN_THREAD, message) };
}

type Send = (to: number, message: ToChief | ToMember) => void;

/** All threads hear all: who it is from and for is in the message. */
function openThreads(own: number, receive: (from: number, message: unknown) => void): Send {
  const { BroadcastChannel } = process.getBuiltinModule('node:worker_threads');
  const channel = new BroadcastChannel(THREADS);
  channel.unref();
  channel.onmessage = (event: unknown) => {
    const message = field(event, 'data');
    const from = number(message, 'from');
    if (from !== undefined && number(message, 'to') === own) receive(from, message);
  };
  return (to, message) => channel.postMessage(envelope(message, { from: own, to }));
}

function childrenOf(workers: unknown): readonly unknown[] {
  return isObject(workers) ? Object.values(workers) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isChild(value: unknown): value is ChildProcess {
  return value instanceof process.getBuiltinModule('node:child_process').ChildProcess;
}

function cluster(property: 'isWorker' | 'workers' | 'Worker'): unknown {
  return Reflect.get(process.getBuiltinModule('node:cluster'), property);
}

function isLoaded(name: string): boolean {
  const list: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(list) && list.includes(`NativeModule ${name}`);
}
