/**
 * Owns how what lives in this process is asked what it is right now: connections, registrations, subscriptions, listeners. Each answers from the
 * moment it begins until it is closed; metrics ask when they are read. So a gauge is never a sum of events that somebody has missed. It goes
 * over a channel of `node:diagnostics_channel`, so that a second copy of the package in the process answers, too. Answering costs nothing
 * while nobody asks.
 */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { RegistrationState } from './model.js';
import type { ConnectionState } from './naming-api.js';

export interface ConnectionFact {
  readonly kind: 'connection';
  readonly module: 'naming' | 'config';
  readonly state: ConnectionState;
}

export interface RegistrationFact {
  readonly kind: 'registration';
  readonly service: string;
  readonly group: string;
  readonly state: RegistrationState;
}

/** A service that is followed: one for each client and service, whatever the number of listeners. */
export interface SubscriptionFact {
  readonly kind: 'subscription';
  readonly service: string;
  readonly group: string;
  /** On its last list. */
  readonly instances: number;
}

export interface ConfigListenersFact {
  readonly kind: 'config-listeners';
  /** Of one client. */
  readonly count: number;
}

/** Settings or options that are followed from config center. */
export interface SettingsFact {
  readonly kind: 'settings';
  /** What is followed: `nacos:app.yaml?group=DEFAULT_GROUP`, several with commas. */
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'closed';
  /** Why, in one line. */
  readonly problem: string | undefined;
}

export type LiveFact =
  ConnectionFact | RegistrationFact | SubscriptionFact | ConfigListenersFact | SettingsFact;

type Tell = (fact: LiveFact) => void;

/** Internal: its messages are the functions that take the answers. The number is that of these shapes. */
const QUESTION = 'nacos-serving:live-facts.1';
const question = channel(QUESTION);

/** Answers each question from now on, until the function that it returns is called. `answer` must not throw. */
export function answerLiveFacts(answer: (tell: Tell) => void): () => void {
  const hear = (tell: unknown): void => {
    if (typeof tell !== 'function') return;
    answer((fact) => {
      Reflect.apply(tell, undefined, [fact]);
    });
  };
  subscribe(QUESTION, hear);
  return () => {
    unsubscribe(QUESTION, hear);
  };
}

/** What lives in this thread now. */
export function askLiveFacts(): readonly LiveFact[] {
  const facts: LiveFact[] = [];
  question.publish((fact: LiveFact) => {
    facts.push(fact);
  });
  return facts;
}
