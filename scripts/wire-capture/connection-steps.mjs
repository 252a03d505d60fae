/**
 * Owns the captures of how a connection begins: before the setup, during it and after it. Run by capture-wire.mjs.
 * Each step opens its own connections, and every message of them is recorded.
 */
import * as config from '../../dist/wire/messages/config.js';
import * as connection from '../../dist/wire/messages/connection.js';
import * as naming from '../../dist/wire/messages/naming.js';
import { pause } from './recorder.mjs';
import {
  configOf,
  connect,
  connectConfig,
  connectNaming,
  instance,
  PUSH_TIMEOUT_MS,
  query,
  raw,
  registerBody,
  service,
  setupBody,
} from './subjects.mjs';

const RACES = 10;

export const connectionSteps = {
  /** What each kind of request gets before any setup. */
  async unregistered(capture, step) {
    const link = raw(capture, step, 'a');
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary(connection.SERVER_CHECK_REQUEST, {});
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary(naming.INSTANCE_REQUEST, registerBody(step, instance('10.1.0.1', 8080)));
    await query(link, step);
    await link.unary(config.CONFIG_QUERY_REQUEST, config.configQueryBody(configOf('none')));
    await link.unary('NoSuchRequest', {});
    link.close();
  },

  async handshake(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    await link.unary('NoSuchRequest', {});
    link.close();
  },

  /** A request in the same tick as the setup: does it win or lose the race? */
  async race(capture, step) {
    for (let turn = 1; turn <= RACES; turn += 1) {
      const link = raw(capture, step, String(turn));
      await link.unary(connection.SERVER_CHECK_REQUEST, {});
      link.openStream();
      link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, setupBody({ module: 'naming' }));
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      await pause(100);
      await link.unary(connection.HEALTH_CHECK_REQUEST, {});
      link.close();
    }
  },

  async 'setup without abilities'(capture, step) {
    const link = raw(capture, step, 'a');
    const body = { ...setupBody({ module: 'naming' }), abilityTable: undefined };
    link.openStream();
    link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, body);
    await link.waitFor('SetupAckRequest', (m) => m.type === connection.SETUP_ACK_REQUEST, 1_000);
    await link.unary(connection.SERVER_CHECK_REQUEST, {});
    await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    link.close();
  },

  /** Which answers repeat the id of their request. */
  async 'request id'(capture, step) {
    const requestId = 'r-1';
    const link = await connectNaming(capture, step, 'naming');
    const other = await connectConfig(capture, step, 'config');
    const of = configOf('request-id');
    await link.unary(connection.SERVER_CHECK_REQUEST, { requestId });
    await link.unary(connection.HEALTH_CHECK_REQUEST, { requestId });
    await link.unary('NoSuchRequest', { requestId });
    await link.unary(naming.INSTANCE_REQUEST, {
      ...registerBody('identified', instance('10.1.0.1', 8080)),
      requestId,
    });
    await link.unary(naming.SERVICE_QUERY_REQUEST, {
      ...naming.serviceQueryBody(service('identified')),
      requestId,
    });
    await link.unary(naming.SUBSCRIBE_SERVICE_REQUEST, {
      ...naming.subscribeBody(service('identified'), true),
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

  async 'naming without module'(capture, step) {
    for (const labels of [{}, { module: 'config' }]) {
      const link = await connect(capture, step, labels.module ?? 'no label', labels);
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

  /** The order to move to another server, as an operator gives it. Not every server can. */
  async 'connect reset'(capture, step) {
    const link = raw(capture, step, 'a');
    const check = await link.unary(connection.SERVER_CHECK_REQUEST, {});
    link.openStream();
    link.sendOnStream(connection.CONNECTION_SETUP_REQUEST, setupBody({ module: 'naming' }));
    await pause(200);
    const answers = [];
    for (const [method, path] of [
      ['GET', '/nacos/v2/core/loader/reloadClient'],
      ['POST', '/nacos/v3/admin/core/loader/reloadClient'],
    ]) {
      const url = new URL(path, `http://${capture.address}`);
      url.searchParams.set('connectionId', check.body.connectionId);
      url.searchParams.set('redirectAddress', `127.0.0.2:${capture.port}`);
      const answer = await fetch(url, { method });
      answers.push(`${method} ${path} ${answer.status}`);
      if (answer.ok) break;
    }
    capture.recorder.note({ step, connection: 'a' }, answers.join(', '));
    const isReset = (message) => message.type === connection.CONNECT_RESET_REQUEST;
    await link.waitFor('ConnectResetRequest', isReset, PUSH_TIMEOUT_MS);
    await pause(500);
    if (!link.ended) await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    link.close();
  },
};
