/**
 * Owns what a call gets to know of the instance it goes to. Made by `callable-list.ts` once per list and instance, given to the client hooks, and
 * given back to the owner when an attempt is over. Immutable.
 */
import type { Instance, ServiceRef } from '../model.js';
import type { CallTarget, EndedAttempt } from '../process-hub.js';
import type { InstanceStat } from './balancer.js';

/** Who gave a target out, and gets it back. */
export interface TargetOwner {
  readonly service: ServiceRef;
  readonly namespace: string;
  settle(target: Target, ended: EndedAttempt): void;
}

/** One callable instance of one list. */
export class Target implements CallTarget {
  readonly ip: string;
  readonly port: number;
  readonly service: string;
  readonly secure: boolean;
  readonly instance: Instance;
  readonly stat: InstanceStat;
  readonly owner: TargetOwner;

  constructor(service: string, instance: Instance, stat: InstanceStat, owner: TargetOwner) {
    this.ip = instance.ip;
    this.port = instance.port;
    this.service = service;
    // Spring's key for "call me over TLS".
    this.secure = instance.metadata['secure']?.toLowerCase() === 'true';
    this.instance = instance;
    this.stat = stat;
    this.owner = owner;
  }

  /** Read by errors only. */
  get group(): string {
    return this.owner.service.group;
  }

  get namespace(): string {
    return this.owner.namespace;
  }
}
