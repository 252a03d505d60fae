/**
 * Owns what this package tells about itself: the names of the `node:diagnostics_channel` channels, what a message on each holds, and the
 * counters of one service. Public as `nacos-serving/diagnostics`; published by the part that a channel is about. Names and types only:
 * importing this file starts nothing. Messages hold no secret, no header, no content of a config and no path of a call.
 */
import type { ConfigSource } from './config-api.js';
import type { ErrorCode } from './errors.js';
import type { RegistrationState } from './model.js';
import type { ConnectionState } from './naming-api.js';

/** One channel for each thing that happens. */
export const CHANNELS = {
  /** The registry was asked what a name means. Calls by a name that is known ask nobody, and publish nothing here. */
  resolve: 'nacos-serving:resolve',
  /** An instance was given out to a call. */
  pick: 'nacos-serving:pick',
  /** An attempt at an instance is over. */
  attempt: 'nacos-serving:attempt',
  /** A call goes on with another instance. */
  retry: 'nacos-serving:retry',
  /** An instance gets no calls for a while, because calls to it failed. */
  ejection: 'nacos-serving:ejection',
  /** It gets calls again. */
  ejectionOver: 'nacos-serving:ejection-over',
  /** A list without any callable instance was not believed, or is believed now. */
  emptyProtection: 'nacos-serving:empty-protection',
  /** The list of a service changed. */
  list: 'nacos-serving:list',
  /** A list was read from disk, since Nacos did not answer. */
  coldStart: 'nacos-serving:cold-start',
  /** Calls have to leave the own cluster or zone, or are back. */
  locality: 'nacos-serving:locality',
  /** A service is known, and there was no instance for a call. */
  noInstance: 'nacos-serving:no-instance',
  /** A connection to Nacos was made, lost or closed, or an attempt at it failed. */
  connection: 'nacos-serving:connection',
  /** A request to Nacos is over. */
  request: 'nacos-serving:request',
  /** A registration of this process has another state, or another problem. */
  registration: 'nacos-serving:registration',
  /** Nacos has sent the list of a service by itself. */
  push: 'nacos-serving:push',
  /** Another content of a config that is listened to counts now. */
  config: 'nacos-serving:config',
  /** A listener of a config failed; it gets the same content again later. */
  configFailure: 'nacos-serving:config-failure',
} as const;

/** The name of a channel. */
export type ChannelName = (typeof CHANNELS)[keyof typeof CHANNELS];

/** Which service a message is about, as the registry spells it. */
export interface AboutService {
  readonly service: string;
  readonly group: string;
}

/** Which instance of it. */
export interface AboutInstance extends AboutService {
  readonly ip: string;
  readonly port: number;
}

/** A name was asked for at the registry. */
export interface ResolveMessage {
  /** As the caller wrote it. */
  readonly name: string;
  /** The service that it means; undefined when it means none, or several. */
  readonly service: string | undefined;
  readonly group: string;
  readonly tookMs: number;
  /** unknown: no service has this name; late: Nacos did not say in time. Such calls go to DNS. */
  readonly outcome: 'found' | 'unknown' | 'ambiguous' | 'late';
}

/** An instance was given out to a call. */
export type PickMessage = AboutInstance;

export interface AttemptMessage extends AboutInstance {
  /** unsent: no connection; broken: lost or timed out later; answered: whatever the status; abandoned: the caller gave up. */
  readonly outcome: 'unsent' | 'broken' | 'answered' | 'abandoned';
  /** Of the response, when there is one. */
  readonly status: number | undefined;
  /** Until the headers of the response, or the failure. */
  readonly tookMs: number;
}

export interface RetryMessage extends AboutService {
  /** 2 for the first one after the original attempt. */
  readonly attempt: number;
  /** How the attempt before it ended. */
  readonly outcome: 'unsent' | 'broken' | 'answered';
  /** Waited before it is sent. */
  readonly delayMs: number;
}

export interface EjectionMessage extends AboutService {
  /** `ip:port`. */
  readonly address: string;
  readonly reason: string;
  /** On the clock of `performance.now()`. */
  readonly untilMs: number;
}

export interface EjectionOverMessage extends AboutService {
  /** `ip:port`. */
  readonly address: string;
  readonly reason: string;
}

export interface EmptyProtectionMessage extends AboutService {
  /** True: calls keep the last list. False: that is over. */
  readonly active: boolean;
  /** Instances that calls use from now on. */
  readonly size: number;
}

export interface ListMessage extends AboutService {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** Instances on the list now, callable or not. */
  readonly size: number;
}

export interface ColdStartMessage extends AboutService {
  readonly size: number;
  /** How old the list is; undefined when that is not known. */
  readonly ageMs: number | undefined;
}

/** Told by the list: nothing that is near is on it, or can be called. */
export interface LocalityMessage extends AboutService {
  /** True: calls go to all others. False: they are back. */
  readonly active: boolean;
  /** What has nothing to call, of those that are preferred. */
  readonly kind: 'cluster' | 'zone';
  /** Which one. */
  readonly name: string;
}

/** There was no instance for a call. */
export type NoInstanceMessage = AboutService;

/** Which of the connections of a process. */
export interface AboutConnection {
  /** What it is for: services or configs, which never share one. */
  readonly module: 'naming' | 'config';
  readonly namespace: string;
  /** The server that it is, was or should have been with, as it is in the options; undefined before the first. */
  readonly host: string | undefined;
  readonly port: number | undefined;
}

export interface ConnectionMessage extends AboutConnection {
  /**
   * ready: there is a new connection, also when the one before still serves. connecting: it was lost, or the client has begun.
   * backoff: an attempt failed, and the next one waits. closed: by its owner.
   */
  readonly state: Exclude<ConnectionState, 'idle'>;
  /** Which connection of this client; each has the next number, 0 before the first. */
  readonly epoch: number;
  /** Why, as in the log; undefined for `ready` and at the beginning. */
  readonly reason: string | undefined;
}

export interface RequestMessage extends AboutConnection {
  /** Of Nacos' protocol, like `InstanceRequest`. */
  readonly type: string;
  /** With all attempts, and the wait for a connection. */
  readonly tookMs: number;
  /** abandoned: who asked has given up, or has closed the client. */
  readonly outcome: 'answered' | 'failed' | 'abandoned';
  /** Of the error (docs/errors.md); undefined when it was answered, or abandoned for a reason that is not ours. */
  readonly code: ErrorCode | undefined;
}

export interface RegistrationMessage extends AboutInstance {
  readonly namespace: string;
  readonly state: RegistrationState;
  /** False: it is in no caller's list. */
  readonly enabled: boolean;
  /** Why it is not as it should be, in one line. */
  readonly problem: string | undefined;
}

export interface PushMessage extends AboutService {
  readonly namespace: string;
  /** Instances on the list, callable or not. */
  readonly size: number;
  /** Reading it, comparing it and telling all who follow the service. */
  readonly tookMs: number;
}

/** Which config, and which content of it. */
export interface AboutConfig {
  readonly namespace: string;
  readonly group: string;
  readonly dataId: string;
  /** undefined: there is no content. */
  readonly md5: string | undefined;
}

export interface ConfigMessage extends AboutConfig {
  /** Where the content is from; undefined when there is none. */
  readonly source: ConfigSource | undefined;
  /** Who is told of it. */
  readonly listeners: number;
}

export interface ConfigFailureMessage extends AboutConfig {
  /** Of this listener, in a row. */
  readonly failures: number;
}

/** What a message on each channel is. */
export interface ChannelMessages {
  readonly 'nacos-serving:resolve': ResolveMessage;
  readonly 'nacos-serving:pick': PickMessage;
  readonly 'nacos-serving:attempt': AttemptMessage;
  readonly 'nacos-serving:retry': RetryMessage;
  readonly 'nacos-serving:ejection': EjectionMessage;
  readonly 'nacos-serving:ejection-over': EjectionOverMessage;
  readonly 'nacos-serving:empty-protection': EmptyProtectionMessage;
  readonly 'nacos-serving:list': ListMessage;
  readonly 'nacos-serving:cold-start': ColdStartMessage;
  readonly 'nacos-serving:locality': LocalityMessage;
  readonly 'nacos-serving:no-instance': NoInstanceMessage;
  readonly 'nacos-serving:connection': ConnectionMessage;
  readonly 'nacos-serving:request': RequestMessage;
  readonly 'nacos-serving:registration': RegistrationMessage;
  readonly 'nacos-serving:push': PushMessage;
  readonly 'nacos-serving:config': ConfigMessage;
  readonly 'nacos-serving:config-failure': ConfigFailureMessage;
}

/**
 * Counters of one service since the process began to call it; they only grow, but for `resolveMsMax`. Without hosts on purpose: a metric with a
 * label for each instance grows with every deployment.
 */
export interface ServiceStats extends AboutService {
  /** Questions to the registry for names of this service, and how long calls waited for their answers in all and at most. */
  readonly resolves: number;
  readonly resolveMsSum: number;
  readonly resolveMsMax: number;
  /** Instances given out, further attempts included. */
  readonly picks: number;
  readonly retries: number;
  /** Attempts by how they ended. */
  readonly answered: number;
  readonly unsent: number;
  readonly broken: number;
  readonly abandoned: number;
  /** Attempts that failed: `unsent` and `broken` together. */
  readonly failures: number;
  /** Calls for which there was no instance. */
  readonly noInstance: number;
  readonly ejections: number;
  /** How often a list without callable instances was not believed. */
  readonly emptyProtections: number;
  readonly listChanges: number;
  readonly coldStarts: number;
  /** How often calls had to leave the own cluster or zone. */
  readonly localityFallbacks: number;
}
