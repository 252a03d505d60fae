/**
 * Owns which one of several processes registers an address that they all serve: cluster workers whose primary is without us, pm2, sockets
 * with `reusePort`. Made by the runtime for each registration of such a process; a process that shares nothing never
 * loads it. The owner holds a lock that ends with its process, so that the next one follows within milliseconds.
 *
 * States: trying or waiting -the lock is free-> owner; trying -somebody has it-> waiting; waiting -the owner leaves and chooses us-> heir -it is gone-> owner;
 * owner or heir -somebody else has the lock-> waiting; any -close-> closed. Heir and owner register.
 * Lines: owner `take` -> heir registers -> heir `taken` -> owner frees the name -> `yours` -> heir holds it -> `held`. `no`: a waiting
 * one that is leaving itself.
 */
import { ClosedError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { hostPort } from '../../model.js';
import { systemClock, type Clock } from '../../util/clock.js';
import {
  asError,
  createDeferred,
  delay,
  runInBackground,
  waitWithin,
} from '../../util/deferred.js';
import {
  fileIdOf,
  holdLock,
  removeLockFile,
  waitAtLock,
  type HeldLock,
  type Peer,
} from './lock.js';
import { lockNameOf, type LockName, type OwnershipKey } from './lock-name.js';

/** trying: whether another one has it is not known yet. */
export type OwnershipState = 'trying' | 'waiting' | 'heir' | 'owner' | 'closed';

export interface OwnershipOptions {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Default: that of this platform. */
  readonly name?: LockName;
}

export interface Ownership extends AsyncDisposable {
  readonly state: OwnershipState;
  /** Resolves when this process is to register: as owner, or as heir. @throws ClosedError, or the signal's reason. */
  owned(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Called when another process has it after all: what is registered here is to be taken out. `owned` then waits again. */
  onLost(listener: () => void): () => void;
  /** The registration is confirmed: the one that leaves may go. */
  confirm(): void;
  /**
   * This process leaves. True when another one has registered the same address in the meantime: its row stays, and nobody has to be
   * waited for. False when there is no other one, or when it did not make it in time. Never rejects.
   */
  handOver(timeoutMs: number): Promise<boolean>;
  /** Gives up the lock, or waiting for it. Idempotent. */
  close(): Promise<void>;
}

/** Attempts at once when an owner ends; then with this pause, as long as they come to nothing. */
const AGAIN_MS = 20;
const AGAIN_MAX_MS = 500;
/** Two that find a dead owner's file at the same time are told apart after this. */
const FILE_CHECK_MS = 50;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createOwnership(key: OwnershipKey, options: OwnershipOptions): Ownership {
  const label = `${key.service} ${hostPort(key)}`;
  const ownership = new SocketOwnership(label, options.name ?? lockNameOf(key), options);
  ownership.start();
  return ownership;
}

class SocketOwnership implements Ownership {
  readonly #name: LockName;
  /** For the log. */
  readonly #label: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #lostListeners = new Set<() => void>();
  /** Those that wait at our lock, in the order they came. */
  readonly #peers = new Set<Peer>();
  #state: OwnershipState = 'trying';
  #owned = createDeferred<void>();
  #lock: HeldLock | undefined;
  /** The owner, while we wait. */
  #owner: Peer | undefined;
  #confirmed = false;
  #handing: Promise<boolean> | undefined;

  constructor(label: string, name: LockName, options: OwnershipOptions) {
    this.#label = label;
    this.#name = name;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger;
  }

  get state(): OwnershipState {
    return this.#state;
  }

  start(): void {
    runInBackground(this.#contend());
  }

  async owned({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === 'closed') throw new ClosedError('the ownership is closed');
    const bounds = { clock: this.#clock, timeoutMs: LONGEST_TIMER_MS, signal, holdsProcess: false };
    const timeUp = new ClosedError('nobody waits that long');
    await waitWithin(this.#owned.promise, { ...bounds, onTimeout: () => timeUp });
  }

  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  confirm(): void {
    this.#confirmed = true;
    if (this.#state === 'heir') this.#owner?.send('taken');
  }

  handOver(timeoutMs: number): Promise<boolean> {
    this.#handing ??= this.#handOver(timeoutMs);
    return this.#handing;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#abort.abort();
    this.#owned.reject(new ClosedError('the ownership is closed'));
    // Its end tells the owner as well.
    this.#owner?.end();
    await this.#lock?.release();
    for (const peer of this.#peers) peer.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Until we hold the lock: wait at it, and try when its holder ends. */
  async #contend(): Promise<void> {
    const { signal } = this.#abort;
    let pauseMs = 0;
    while (!this.#isClosed) {
      if (await this.#hold()) return;
      const owner = await waitAtLock(this.#name);
      if (this.#isClosed) {
        owner?.end();
        return;
      }
      if (owner !== undefined) {
        pauseMs = 0;
        this.#fallBack();
        await this.#wait(owner);
        continue;
      }
      if (this.#name.isFile) await this.#removeDead();
      // Held while we tried, gone when we came to wait: that does not last, unless something is wrong.
      await delay(this.#clock, pauseMs, { signal }).catch(() => undefined); // Closed: the loop ends.
      pauseMs = Math.min(AGAIN_MAX_MS, pauseMs + AGAIN_MS);
    }
  }

  /** True when there is nothing more to try. */
  async #hold(): Promise<boolean> {
    let lock: HeldLock | undefined;
    try {
      lock = await holdLock(this.#name, (peer) => this.#enter(peer));
    } catch (error) {
      // Two that publish the same address are one row; nobody that does is none.
      this.#logger.debug(`no lock for a shared port: ${asError(error).message}`);
      if (!this.#isClosed) this.#become('owner');
      return true;
    }
    if (lock === undefined) return false;
    if (this.#isClosed) {
      await lock.release();
      return true;
    }
    this.#lock = lock;
    this.#become('owner');
    this.#owner?.send('held');
    if (this.#name.isFile) this.#clock.after(FILE_CHECK_MS, () => this.#checkFile(lock));
    return true;
  }

  #become(state: 'heir' | 'owner'): void {
    this.#state = state;
    this.#owned.resolve();
  }

  /** Somebody else has the lock. */
  #fallBack(): void {
    if (this.#state === 'waiting' || this.#isClosed) return;
    const had = this.#state !== 'trying';
    this.#state = 'waiting';
    this.#logger.debug(`${this.#label}: left to the process that has it already`);
    if (!had) return;
    this.#confirmed = false;
    this.#owned = createDeferred<void>();
    for (const listener of this.#lostListeners) listener();
  }

  /** Resolves when it is time to try again. */
  async #wait(owner: Peer): Promise<void> {
    const over = createDeferred<void>();
    this.#owner = owner;
    owner.onEnd(() => over.resolve());
    owner.onLine((line) => {
      if (line === 'take') this.#inherit(owner);
      if (line === 'yours') over.resolve();
    });
    await over.promise;
  }

  #inherit(owner: Peer): void {
    if (this.#state === 'heir') return;
    if (this.#state !== 'waiting' || this.#handing !== undefined) {
      owner.send('no');
      return;
    }
    this.#become('heir');
    if (this.#confirmed) owner.send('taken');
  }

  #enter(peer: Peer): void {
    this.#peers.add(peer);
    peer.onEnd(() => this.#peers.delete(peer));
  }

  async #handOver(timeoutMs: number): Promise<boolean> {
    const { signal } = this.#abort;
    const endMs = this.#clock.nowMs() + timeoutMs;
    if (this.#state !== 'owner' || this.#lock === undefined) return false;
    for (const peer of this.#peers) {
      const leftMs = endMs - this.#clock.nowMs();
      if (leftMs <= 0 || signal.aborted) return false;
      if (await this.#ask(peer, 'take', 'taken', leftMs)) {
        await this.#lock.release();
        // The others still wait at us, so that it comes first.
        await this.#ask(peer, 'yours', 'held', leftMs);
        for (const other of this.#peers) other.end();
        return true;
      }
    }
    return false;
  }

  /** True when the peer has given that answer; false for another one, its end, or no answer in time. */
  async #ask(peer: Peer, line: string, wanted: string, timeoutMs: number): Promise<boolean> {
    const answer = createDeferred<boolean>();
    peer.onLine((said) => answer.resolve(said === wanted));
    peer.onEnd(() => answer.resolve(false));
    peer.send(line);
    const bounds = { clock: this.#clock, timeoutMs, signal: this.#abort.signal };
    const timeUp = new Error('no answer');
    const waited = waitWithin(answer.promise, { ...bounds, onTimeout: () => timeUp });
    return waited.catch(() => false); // Out of time or closed.
  }

  /** A file that nobody listens on is what a killed owner has left. */
  async #removeDead(): Promise<void> {
    const dead = fileIdOf(this.#name);
    if (dead === undefined) return;
    await delay(this.#clock, FILE_CHECK_MS / 2, { signal: this.#abort.signal }).catch(
      () => undefined, // Closed: the loop ends.
    );
    const owner = await waitAtLock(this.#name);
    owner?.end();
    if (owner === undefined && fileIdOf(this.#name) === dead) removeLockFile(this.#name);
  }

  /** Another one has removed our file in the moment we made it, and has its own. */
  #checkFile(lock: HeldLock): void {
    if (this.#lock !== lock || this.#isClosed || lock.isOurs()) return;
    this.#lock = undefined;
    this.#fallBack();
    runInBackground(this.#contend());
  }
}
