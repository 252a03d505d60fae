/**
 * Owns what the capture steps share: a connection that is ready, instances and bodies to send. Used by the steps
 * beside this file. Bodies come from src/wire, so that the captures also hold what our encoders write.
 */
import { createHash } from 'node:crypto';

import * as connection from '../../dist/wire/messages/connection.js';
import * as naming from '../../dist/wire/messages/naming.js';
import { pause, RawConnection } from './recorder.mjs';

export const PUSH_TIMEOUT_MS = 3_000;
/** Longer than a server takes to show a change to a query. */
export const SETTLE_MS = 1_500;

export const md5 = (text) => createHash('md5').update(text).digest('hex');
export const service = (name) => ({
  namespace: 'public',
  service: { group: 'DEFAULT_GROUP', name },
});
export const configOf = (dataId, namespace = 'public') => ({
  namespace,
  group: 'DEFAULT_GROUP',
  dataId,
});
export const instance = (ip, instancePort, more = {}) => ({
  ip,
  port: instancePort,
  weight: 1,
  healthy: true,
  enabled: true,
  ephemeral: true,
  cluster: 'DEFAULT',
  metadata: {},
  ...more,
});
export const isPushOf = (name, sizes) => (message) =>
  message.type === naming.NOTIFY_SUBSCRIBER_REQUEST &&
  message.body.serviceInfo.name.endsWith(name) &&
  (sizes === undefined || message.body.serviceInfo.hosts.length === sizes);

export function raw(capture, step, name) {
  return new RawConnection(capture.target, capture.recorder, { step, connection: name });
}

export function setupBody(labels, abilityTable = {}) {
  const all = { source: 'sdk', AppName: 'capture', ...labels };
  return connection.connectionSetupBody({
    clientVersion: 'Nacos-NodeJS-Client:v0.1.0',
    tenant: 'public',
    labels: all,
    abilityTable,
  });
}

/** A connection that is ready for requests. */
export async function connect(capture, step, name, labels) {
  const link = raw(capture, step, name);
  const check = await link.unary(connection.SERVER_CHECK_REQUEST, {});
  link.openStream();
  link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, setupBody(labels));
  if (check.body.supportAbilityNegotiation === true) {
    await link.waitFor('SetupAckRequest', (m) => m.type === connection.SETUP_ACK_REQUEST, 5_000);
  } else {
    await pause(200);
  }
  return link;
}

export const connectNaming = (capture, step, name) =>
  connect(capture, step, name, { module: 'naming' });
export const connectConfig = (capture, step, name) =>
  connect(capture, step, name, { module: 'config', taskId: '0' });
export const registerBody = (name, of) =>
  naming.instanceBody(service(name), naming.REGISTER_INSTANCE, of);
export const deregisterBody = (name, of) =>
  naming.instanceBody(service(name), naming.DEREGISTER_INSTANCE, of);
export const query = (link, name) =>
  link.unary(naming.SERVICE_QUERY_REQUEST, naming.serviceQueryBody(service(name)));
