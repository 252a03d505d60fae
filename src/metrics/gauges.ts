/**
 * Owns the values of all gauges, read at one moment from what lives in this process (live-facts.ts). Asked by whoever shows metrics, when they are
 * read. A state that nothing is in is a zero and not a gap, as long as there is something that could be in it.
 */
import { askLiveFacts, type LiveFact } from '../live-facts.js';
import type { GaugeName, Labels } from './catalog.js';

export interface GaugeValue {
  readonly name: GaugeName;
  readonly labels: Labels;
  readonly value: number;
}

const CONNECTION_STATES = ['connecting', 'ready', 'backoff'] as const;
const REGISTRATION_STATES = ['waiting', 'registering', 'registered', 'draining'] as const;

export function readGauges(): readonly GaugeValue[] {
  const values = new Map<string, { name: GaugeName; labels: Labels; value: number }>();
  const add = (name: GaugeName, labels: Labels, by: number): void => {
    const key = JSON.stringify([name, labels]);
    const known = values.get(key);
    if (known === undefined) values.set(key, { name, labels, value: by });
    else known.value += by;
  };
  add('nacos_serving.subscriptions', {}, 0);
  add('nacos_serving.config.listeners', {}, 0);
  for (const fact of askLiveFacts()) addFact(fact, add);
  return [...values.values()];
}

function addFact(fact: LiveFact, add: (name: GaugeName, labels: Labels, by: number) => void): void {
  switch (fact.kind) {
    case 'connection':
      for (const state of CONNECTION_STATES) {
        const labels = { 'nacos.module': fact.module, 'nacos.connection.state': state };
        add('nacos_serving.connections', labels, state === fact.state ? 1 : 0);
      }
      return;
    case 'registration':
      for (const state of REGISTRATION_STATES) {
        const labels = { ...aboutOf(fact), 'nacos.registration.state': state };
        add('nacos_serving.registrations', labels, state === fact.state ? 1 : 0);
      }
      return;
    case 'subscription':
      add('nacos_serving.subscriptions', {}, 1);
      add('nacos_serving.instances', aboutOf(fact), fact.instances);
      return;
    case 'config-listeners':
      add('nacos_serving.config.listeners', {}, fact.count);
      return;
    case 'settings':
    // Health says why; a gauge would need names of configs as labels.
  }
}

function aboutOf({ service, group }: { readonly service: string; readonly group: string }): Labels {
  return { 'nacos.service': service, 'nacos.group': group };
}
