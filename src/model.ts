/**
 * Owns the plain data that all layers share: instances, services and snapshots of their lists. Used
 * everywhere. Nothing here does I/O, and nothing here changes after it was built.
 */

/** Defaults of Nacos itself (`com.alibaba.nacos.api.common.Constants`). */
export const DEFAULT_NAMESPACE = 'public';
export const DEFAULT_GROUP = 'DEFAULT_GROUP';
export const DEFAULT_CLUSTER = 'DEFAULT';

/** One service of a namespace. The namespace belongs to the client, not to the reference. */
export interface ServiceRef {
  readonly name: string;
  readonly group: string;
}

/** How callers may name a service: `'orders'`, or with its group. Group default `DEFAULT_GROUP`. */
export type ServiceInput = string | { readonly name: string; readonly group?: string };

/** One address that serves a service, as the registry lists it. */
export interface Instance {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly ip: string;
  readonly port: number;
  /** 0 takes no traffic; fractions are allowed. */
  readonly weight: number;
  readonly healthy: boolean;
  readonly enabled: boolean;
  readonly ephemeral: boolean;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a caller gives to register; the rest has Nacos' defaults (weight 1, enabled, healthy). */
export interface InstanceInput {
  readonly ip: string;
  readonly port: number;
  readonly weight?: number;
  readonly healthy?: boolean;
  readonly enabled?: boolean;
  /**
   * Default true: the instance goes with the connection that registered it. False: it stays until it is deregistered, and the server
   * checks its health; from code, with `NamingApi.register`, on Nacos 2.3 and later. A service has instances of one kind only.
   */
  readonly ephemeral?: boolean;
  readonly cluster?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The address of an instance inside its service. */
export interface InstanceAddress {
  readonly ip: string;
  readonly port: number;
}

/** The list of one service at one moment. Frozen, with every instance in it. */
export interface ServiceSnapshot {
  readonly service: ServiceRef;
  /** Every listed instance, also unhealthy and weightless ones; sorted by ip, port, cluster. */
  readonly instances: readonly Instance[];
  /** Grows by one with each change seen by this process; for caches computed per snapshot. */
  readonly revision: number;
  /** The server's clock when it built the list, in ms. Comparable on one connection only. */
  readonly serverTimeMs: number;
  /** The server reports all instances as healthy because too few are (protect threshold). */
  readonly protectThresholdReached: boolean;
}

/** What changed between two snapshots of one service. */
export interface ServiceDiff {
  readonly added: readonly Instance[];
  readonly removed: readonly Instance[];
  readonly changed: readonly Instance[];
}

/**
 * waiting: a server is there, and its identity, its readiness or its first request is waited for. registering: wanted, not
 * confirmed. registered: confirmed (or confirmed once, while the connection is away). draining: being taken out. removed: out.
 */
export type RegistrationState = 'waiting' | 'registering' | 'registered' | 'draining' | 'removed';

export function toServiceRef(service: ServiceInput): ServiceRef {
  return typeof service === 'string'
    ? { name: service, group: DEFAULT_GROUP }
    : { name: service.name, group: service.group ?? DEFAULT_GROUP };
}

/** Nacos' own spelling of a service inside a namespace: `group@@name`. */
export function groupedName(service: ServiceRef): string {
  return `${service.group}@@${service.name}`;
}

/** Identity of an instance inside a service, for diffs. */
export function instanceKey(instance: Pick<Instance, 'ip' | 'port' | 'cluster'>): string {
  return `${instance.ip}#${String(instance.port)}#${instance.cluster}`;
}

/** `host:port` as it goes into a URL; IPv6 gets its brackets. */
export function hostPort(address: InstanceAddress): string {
  const host = address.ip.includes(':') ? `[${address.ip}]` : address.ip;
  return `${host}:${String(address.port)}`;
}
