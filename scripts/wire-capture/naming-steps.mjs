/**
 * Owns the captures of registration, queries and subscriptions. Run by capture-wire.mjs. Each step has services of
 * its own, so that no step sees what another one left behind.
 */
import * as naming from '../../dist/wire/messages/naming.js';
import { pause } from './recorder.mjs';
import {
  connectNaming,
  deregisterBody,
  instance,
  isPushOf,
  PUSH_TIMEOUT_MS,
  query,
  registerBody,
  service,
  SETTLE_MS,
} from './subjects.mjs';

export const namingSteps = {
  async register(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const other = await connectNaming(capture, step, 'b');
    const metadata = { version: '1.2', umlaut: 'Grüße 你好' };
    const one = instance('10.1.0.1', 8080, { weight: 2.5, metadata });
    await link.unary(naming.INSTANCE_REQUEST, registerBody('registered', one), { app: 'capture' });
    await pause(SETTLE_MS);
    await query(other, 'registered');
    const list = { namespace: 'public', group: 'DEFAULT_GROUP', page: 1, pageSize: 10 };
    await other.unary(naming.SERVICE_LIST_REQUEST, naming.serviceListBody(list));
    await link.unary(naming.INSTANCE_REQUEST, deregisterBody('registered', one));
    await pause(SETTLE_MS);
    await query(other, 'registered');
    link.close();
    other.close();
  },

  /** Healthy, enabled and weight as given, and which of them a query shows. */
  async 'odd instances'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const odd = [
      instance('10.1.0.1', 8081, { enabled: false }),
      instance('10.1.0.1', 8082, { healthy: false }),
      instance('10.1.0.1', 8083, { weight: 0, cluster: 'east' }),
    ];
    await link.unary(naming.BATCH_INSTANCE_REQUEST, naming.batchBody(service('odd'), odd));
    await pause(SETTLE_MS);
    await query(link, 'odd');
    const filter = { clusters: ['east'], healthyOnly: true };
    const body = naming.serviceQueryBody(service('odd'), filter);
    await link.unary(naming.SERVICE_QUERY_REQUEST, body);
    link.close();
  },

  async 'two singles'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    await link.unary(naming.INSTANCE_REQUEST, registerBody('twice', instance('10.1.0.1', 8081)));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('twice', instance('10.1.0.1', 8082)));
    await pause(SETTLE_MS);
    await query(link, 'twice');
    link.close();
  },

  async batch(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const batch = (...ports) =>
      link.unary(
        naming.BATCH_INSTANCE_REQUEST,
        naming.batchBody(
          service('batched'),
          ports.map((each) => instance('10.1.0.1', each)),
        ),
      );
    for (const ports of [[8081, 8082, 8083], [8081, 8082], []]) {
      await batch(...ports);
      await pause(SETTLE_MS);
      await query(link, 'batched');
    }
    await batch(8081, 8082);
    await link.unary(
      naming.INSTANCE_REQUEST,
      deregisterBody('batched', instance('10.1.0.1', 8081)),
    );
    await pause(SETTLE_MS);
    await query(link, 'batched');
    link.close();
  },

  async 'batch then single'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const both = [instance('10.1.0.1', 8081), instance('10.1.0.1', 8082)];
    await link.unary(naming.BATCH_INSTANCE_REQUEST, naming.batchBody(service('shrunk'), both));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('shrunk', both[0]));
    await pause(SETTLE_MS);
    await query(link, 'shrunk');
    link.close();
  },

  async 'deregister unknown'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const unknown = instance('10.1.0.9', 9999);
    await link.unary(naming.INSTANCE_REQUEST, deregisterBody('never-there', unknown));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('other', instance('10.1.0.1', 8080)));
    await link.unary(naming.INSTANCE_REQUEST, deregisterBody('other', unknown));
    await pause(SETTLE_MS);
    await query(link, 'other');
    link.close();
  },

  async subscribe(capture, step) {
    const reader = await connectNaming(capture, step, 'reader');
    const writer = await connectNaming(capture, step, 'writer');
    const name = 'watched';
    const one = instance('10.1.0.1', 8080);
    const subscribe = (yes) =>
      reader.unary(naming.SUBSCRIBE_SERVICE_REQUEST, naming.subscribeBody(service(name), yes));
    await subscribe(true);
    await reader.waitFor('push after subscribe', isPushOf(name), PUSH_TIMEOUT_MS);
    await writer.unary(naming.INSTANCE_REQUEST, registerBody(name, one));
    await reader.waitFor('push after register', isPushOf(name, 1), PUSH_TIMEOUT_MS);
    reader.received.length = 0;
    await subscribe(true);
    await reader.waitFor('push after a repeated subscribe', isPushOf(name), PUSH_TIMEOUT_MS);
    await writer.unary(naming.INSTANCE_REQUEST, deregisterBody(name, one));
    await reader.waitFor('push after deregister', isPushOf(name, 0), PUSH_TIMEOUT_MS);
    reader.received.length = 0;
    await subscribe(false);
    await writer.unary(naming.INSTANCE_REQUEST, registerBody(name, one));
    await reader.waitFor('push after unsubscribe', isPushOf(name), PUSH_TIMEOUT_MS);
    reader.close();
    writer.close();
  },

  async 'subscribe existing'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    await link.unary(naming.INSTANCE_REQUEST, registerBody('existing', instance('10.1.0.1', 8080)));
    await pause(SETTLE_MS);
    await link.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('existing'), true),
    );
    await link.waitFor('push after subscribe', isPushOf('existing'), PUSH_TIMEOUT_MS);
    link.close();
  },

  /** Two subscriptions of one connection that want different clusters. */
  async 'two cluster filters'(capture, step) {
    const reader = await connectNaming(capture, step, 'reader');
    const writer = await connectNaming(capture, step, 'writer');
    const subscribe = (clusters) =>
      reader.unary(naming.SUBSCRIBE_SERVICE_REQUEST, {
        ...naming.subscribeBody(service('divided'), true),
        clusters,
      });
    await subscribe('east');
    await subscribe('west');
    await reader.waitFor('push after subscribe', isPushOf('divided'), PUSH_TIMEOUT_MS);
    const both = [
      instance('10.1.0.1', 8081, { cluster: 'east' }),
      instance('10.1.0.1', 8082, { cluster: 'west' }),
    ];
    reader.received.length = 0;
    await writer.unary(naming.BATCH_INSTANCE_REQUEST, naming.batchBody(service('divided'), both));
    await reader.waitFor('push after register', isPushOf('divided'), PUSH_TIMEOUT_MS);
    await pause(SETTLE_MS);
    reader.close();
    writer.close();
  },

  /** What a closed connection leaves behind. */
  async disconnect(capture, step) {
    const reader = await connectNaming(capture, step, 'reader');
    const writer = await connectNaming(capture, step, 'writer');
    await writer.unary(
      naming.INSTANCE_REQUEST,
      registerBody('leaving', instance('10.1.0.1', 8080)),
    );
    await pause(SETTLE_MS);
    await reader.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('leaving'), true),
    );
    await reader.waitFor('push after subscribe', isPushOf('leaving', 1), PUSH_TIMEOUT_MS);
    capture.recorder.note({ step, connection: 'writer' }, 'closed by the client');
    writer.close();
    await reader.waitFor('push after disconnect', isPushOf('leaving', 0), PUSH_TIMEOUT_MS);
    reader.close();
  },

  async 'wrong parameters'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const good = instance('10.1.0.1', 8080);
    await link.unary(naming.INSTANCE_REQUEST, registerBody('white space', good));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('port', instance('10.1.0.1', 70000)));
    const metadata = { long: 'x'.repeat(2_000) };
    await link.unary(naming.INSTANCE_REQUEST, registerBody('metadata', { ...good, metadata }));
    const strange = { ...registerBody('type', good), type: 'strange' };
    await link.unary(naming.INSTANCE_REQUEST, strange);
    await query(link, '@@');
    await link.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('white space'), true),
    );
    link.close();
  },
};
