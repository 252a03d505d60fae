/**
 * Records what a real server says, message by message, as fixtures for the tests of `src/wire`.
 *
 *     npm run build
 *     node scripts/capture-wire.mjs 127.0.0.1:8848 nacos-2.5.1
 *
 * The address is the HTTP one; gRPC is 1000 above it. Writes test/fixtures/wire/<label>.jsonl: one line a
 * message. Takes 40 s, because two steps wait for what a server does to a silent client. Use an empty server.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import * as config from '../dist/wire/messages/config.js';
import * as connection from '../dist/wire/messages/connection.js';
import * as naming from '../dist/wire/messages/naming.js';
import { pause, RawConnection, Recorder } from './wire-recorder.mjs';

const PUSH_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 32_000;
/** Longer than a server takes to show a change to a query. */
const SETTLE_MS = 1_500;

const [address, label] = process.argv.slice(2);
if (address === undefined || label === undefined) {
  process.stderr.write('usage: node scripts/capture-wire.mjs HOST:PORT LABEL\n');
  process.exit(2);
}
const [host, port] = address.split(':');
const target = `${host}:${Number(port) + 1000}`;
const recorder = new Recorder();

const md5 = (text) => createHash('md5').update(text).digest('hex');
const service = (name) => ({ namespace: 'public', service: { group: 'DEFAULT_GROUP', name } });
const configOf = (dataId, namespace = 'public') => ({ namespace, group: 'DEFAULT_GROUP', dataId });
const instance = (ip, instancePort, more = {}) => ({
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
const isPushOf = (name, sizes) => (message) =>
  message.type === naming.NOTIFY_SUBSCRIBER_REQUEST &&
  message.body.serviceInfo.name.endsWith(name) &&
  (sizes === undefined || message.body.serviceInfo.hosts.length === sizes);

function raw(step, name) {
  return new RawConnection(target, recorder, { step, connection: name });
}

function setupBody(labels, abilityTable = {}) {
  const all = { source: 'sdk', AppName: 'capture', ...labels };
  return connection.connectionSetupBody({
    clientVersion: 'Nacos-NodeJS-Client:v0.1.0',
    tenant: 'public',
    labels: all,
    abilityTable,
  });
}

/** A connection that is ready for requests. */
async function connect(step, name, labels) {
  const link = raw(step, name);
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

const connectNaming = (step, name) => connect(step, name, { module: 'naming' });
const connectConfig = (step, name) => connect(step, name, { module: 'config', taskId: '0' });
const registerBody = (name, of) => naming.instanceBody(service(name), naming.REGISTER_INSTANCE, of);
const deregisterBody = (name, of) =>
  naming.instanceBody(service(name), naming.DEREGISTER_INSTANCE, of);
const query = (link, name) =>
  link.unary(naming.SERVICE_QUERY_REQUEST, naming.serviceQueryBody(service(name)));

const steps = {
  /** What each kind of request gets before any setup. */
  async unregistered(step) {
    const link = raw(step, 'a');
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary(connection.SERVER_CHECK_REQUEST, {});
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary(naming.INSTANCE_REQUEST, registerBody(step, instance('10.1.0.1', 8080)));
    await query(link, step);
    await link.unary(config.CONFIG_QUERY_REQUEST, config.configQueryBody(configOf('none')));
    await link.unary('NoSuchRequest', {});
    link.close();
  },

  async handshake(step) {
    const link = await connectNaming(step, 'a');
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary('NoSuchRequest', {});
    link.close();
  },

  /** A request in the same tick as the setup: does it win or lose the race? */
  async race(step) {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const link = raw(step, name);
      await link.unary(connection.SERVER_CHECK_REQUEST, {});
      link.openStream();
      link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, setupBody({ module: 'naming' }));
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      await pause(100);
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      link.close();
    }
  },

  async 'setup without abilities'(step) {
    const link = raw(step, 'a');
    const { abilityTable, ...body } = setupBody({ module: 'naming' });
    link.openStream();
    link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, body);
    await link.waitFor('SetupAckRequest', (m) => m.type === connection.SETUP_ACK_REQUEST, 1_000);
    await link.unary(connection.SERVER_CHECK_REQUEST, {});
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    link.close();
  },

  /** Which answers repeat the id of their request. */
  async 'request id'(step) {
    const requestId = 'r-1';
    const link = await connectNaming(step, 'naming');
    const other = await connectConfig(step, 'config');
    const of = configOf('request-id');
    await link.unary(connection.SERVER_CHECK_REQUEST, { requestId });
    await link.unary(connection.HEALTH_CHECK_REQUEST, { requestId });
    await link.unary('NoSuchRequest', { requestId });
    await link.unary(naming.INSTANCE_REQUEST, {
      ...registerBody(step, instance('10.1.0.1', 8080)),
      requestId,
    });
    await link.unary(naming.SERVICE_QUERY_REQUEST, {
      ...naming.serviceQueryBody(service(step)),
      requestId,
    });
    await link.unary(naming.SUBSCRIBE_SERVICE_REQUEST, {
      ...naming.subscribeBody(service(step), true),
      requestId,
    });
    const list = { namespace: 'public', group: 'DEFAULT_GROUP', page: 1, pageSize: 10 };
    await link.unary(naming.SERVICE_LIST_REQUEST, { ...naming.serviceListBody(list), requestId });
    await other.unary(config.CONFIG_QUERY_REQUEST, { ...config.configQueryBody(of), requestId });
    await other.unary(config.CONFIG_PUBLISH_REQUEST, {
      ...config.configPublishBody(of, 'a: 1', { type: 'yaml' }),
      requestId,
    });
    await other.unary(config.CONFIG_REMOVE_REQUEST, { ...config.configRemoveBody(of), requestId });
    link.close();
    other.close();
  },

  async 'naming without module'(step) {
    for (const labels of [{}, { module: 'config' }]) {
      const link = await connect(step, labels.module ?? 'no label', labels);
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      await link.unary(naming.INSTANCE_REQUEST, registerBody('nomodule', instance('10.1.0.1', 80)));
      const batch = [instance('10.1.0.1', 8081), instance('10.1.0.1', 8082)];
      const body = naming.batchBody(service('nomodule'), batch);
      await link.unary(naming.BATCH_INSTANCE_REQUEST, body);
      await link.unary(
        naming.SUBSCRIBE_SERVICE_REQUEST,
        naming.subscribeBody(service('nomodule'), true),
      );
      await query(link, 'nomodule');
      link.close();
    }
  },

  async register(step) {
    const link = await connectNaming(step, 'a');
    const other = await connectNaming(step, 'b');
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
  async 'odd instances'(step) {
    const link = await connectNaming(step, 'a');
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

  async 'two singles'(step) {
    const link = await connectNaming(step, 'a');
    await link.unary(naming.INSTANCE_REQUEST, registerBody('twice', instance('10.1.0.1', 8081)));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('twice', instance('10.1.0.1', 8082)));
    await pause(SETTLE_MS);
    await query(link, 'twice');
    link.close();
  },

  async batch(step) {
    const link = await connectNaming(step, 'a');
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

  async 'deregister unknown'(step) {
    const link = await connectNaming(step, 'a');
    const unknown = instance('10.1.0.9', 9999);
    await link.unary(naming.INSTANCE_REQUEST, deregisterBody('never-there', unknown));
    await link.unary(naming.INSTANCE_REQUEST, registerBody('other', instance('10.1.0.1', 8080)));
    await link.unary(naming.INSTANCE_REQUEST, deregisterBody('other', unknown));
    await pause(SETTLE_MS);
    await query(link, 'other');
    link.close();
  },

  async subscribe(step) {
    const reader = await connectNaming(step, 'reader');
    const writer = await connectNaming(step, 'writer');
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

  async 'subscribe existing'(step) {
    const link = await connectNaming(step, 'a');
    await link.unary(naming.INSTANCE_REQUEST, registerBody('existing', instance('10.1.0.1', 8080)));
    await pause(SETTLE_MS);
    await link.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('existing'), true),
    );
    await link.waitFor('push after subscribe', isPushOf('existing'), PUSH_TIMEOUT_MS);
    link.close();
  },

  /** What a closed connection leaves behind. */
  async disconnect(step) {
    const reader = await connectNaming(step, 'reader');
    const writer = await connectNaming(step, 'writer');
    await writer.unary(naming.INSTANCE_REQUEST, registerBody('leaving', instance('10.1.0.1', 8080)));
    await pause(SETTLE_MS);
    await reader.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('leaving'), true),
    );
    await reader.waitFor('push after subscribe', isPushOf('leaving', 1), PUSH_TIMEOUT_MS);
    recorder.note({ step, connection: 'writer' }, 'closed by the client');
    writer.close();
    await reader.waitFor('push after disconnect', isPushOf('leaving', 0), PUSH_TIMEOUT_MS);
    reader.close();
  },

  async 'wrong parameters'(step) {
    const link = await connectNaming(step, 'a');
    const good = instance('10.1.0.1', 8080);
    await link.unary(naming.INSTANCE_REQUEST, registerBody('white space', good));
    await link.unary(
      naming.INSTANCE_REQUEST,
      registerBody('port', instance('10.1.0.1', 70000)),
    );
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

  async config(step) {
    const link = await connectConfig(step, 'a');
    const of = configOf('app.yaml');
    const ask = () => link.unary(config.CONFIG_QUERY_REQUEST, config.configQueryBody(of));
    const publish = (content, more = {}) =>
      link.unary(config.CONFIG_PUBLISH_REQUEST, {
        ...config.configPublishBody(of, content, { type: 'yaml' }),
        ...more,
      });
    await ask();
    await publish('a: 1\n# 你好');
    await pause(SETTLE_MS);
    await ask();
    await publish('a: 2', { casMd5: md5('something else') });
    await publish('');
    await link.unary(config.CONFIG_REMOVE_REQUEST, config.configRemoveBody(of));
    await pause(SETTLE_MS);
    await ask();
    await link.unary(config.CONFIG_REMOVE_REQUEST, config.configRemoveBody(of));
    const bad = { ...of, group: 'white space' };
    await link.unary(config.CONFIG_QUERY_REQUEST, config.configQueryBody(bad));
    link.close();
  },

  async 'config listen'(step) {
    const link = await connectConfig(step, 'a');
    const writer = await connectConfig(step, 'writer');
    const of = configOf('listened.yaml');
    const listen = (content, yes = true) => {
      const context = { ...of, md5: content === undefined ? '' : md5(content) };
      const body = config.configListenBody(yes, [context]);
      return link.unary(config.CONFIG_BATCH_LISTEN_REQUEST, body);
    };
    const publish = (content) =>
      writer.unary(config.CONFIG_PUBLISH_REQUEST, config.configPublishBody(of, content));
    const notified = async (what) => {
      const isNotify = (message) => message.type === config.CONFIG_CHANGE_NOTIFY_REQUEST;
      await link.waitFor(what, isNotify, PUSH_TIMEOUT_MS);
      link.received.length = 0;
    };
    await listen(undefined);
    await publish('a: 1');
    await notified('notify after publish');
    await pause(SETTLE_MS);
    await listen('old content');
    await listen('a: 1');
    await writer.unary(config.CONFIG_REMOVE_REQUEST, config.configRemoveBody(of));
    await notified('notify after remove');
    await listen(undefined, false);
    await publish('a: 2');
    await notified('notify after the end of listening');
    link.close();
    writer.close();
  },

  /** The same with `public` as tenant instead of an empty one. */
  async 'config listen public'(step) {
    const link = await connectConfig(step, 'a');
    const of = configOf('public.yaml');
    const context = { dataId: of.dataId, group: of.group, tenant: 'public', md5: '' };
    const body = { ...config.configListenBody(true, []), configListenContexts: [context] };
    await link.unary(config.CONFIG_BATCH_LISTEN_REQUEST, body);
    await link.unary(config.CONFIG_PUBLISH_REQUEST, {
      ...config.configPublishBody(of, 'a: 1'),
      tenant: 'public',
    });
    const isNotify = (message) => message.type === config.CONFIG_CHANGE_NOTIFY_REQUEST;
    await link.waitFor('notify after publish', isNotify, PUSH_TIMEOUT_MS);
    await pause(SETTLE_MS);
    await link.unary(config.CONFIG_QUERY_REQUEST, config.configQueryBody(of));
    await link.unary(config.CONFIG_QUERY_REQUEST, {
      ...config.configQueryBody(of),
      tenant: 'public',
    });
    link.close();
  },
};

/** These wait long for a silent server; they run beside all others. */
const slowSteps = {
  async 'idle and answering'(step) {
    const link = await connectNaming(step, 'a');
    const isDetection = (message) => message.type === connection.CLIENT_DETECTION_REQUEST;
    await link.waitFor('ClientDetectionRequest', isDetection, IDLE_TIMEOUT_MS);
    await pause(6_000);
    if (!link.ended) await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    link.close();
  },

  async 'idle and silent'(step) {
    const link = await connectNaming(step, 'a');
    link.acks = false;
    await link.waitForEnd(IDLE_TIMEOUT_MS);
    link.close();
  },

  async 'push without ack'(step) {
    const link = await connectNaming(step, 'a');
    link.acks = false;
    await link.unary(
      naming.SUBSCRIBE_SERVICE_REQUEST,
      naming.subscribeBody(service('unacknowledged'), true),
    );
    await link.unary(
      naming.INSTANCE_REQUEST,
      registerBody('unacknowledged', instance('10.1.0.1', 8080)),
    );
    await pause(14_000);
    link.close();
  },
};

const slow = Promise.all(Object.entries(slowSteps).map(([name, run]) => run(name)));
for (const [name, run] of Object.entries(steps)) {
  process.stderr.write(`${name}\n`);
  await run(name);
}
process.stderr.write('waiting for the slow steps\n');
await slow;

const order = [...Object.keys(steps), ...Object.keys(slowSteps)];
const lines = recorder.lines.toSorted((a, b) => order.indexOf(a.step) - order.indexOf(b.step));
const file = new URL(`../test/fixtures/wire/${label}.jsonl`, import.meta.url);
writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
process.stderr.write(`${lines.length} lines in ${file.pathname}\n`);
