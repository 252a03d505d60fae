/**
 * Owns the captures of the config service. Run by capture-wire.mjs. Each step has configs of its own.
 */
import * as config from '../../dist/wire/messages/config.js';
import { pause } from './recorder.mjs';
import { configOf, connectConfig, md5, PUSH_TIMEOUT_MS, SETTLE_MS } from './subjects.mjs';

export const configSteps = {
  async config(capture, step) {
    const link = await connectConfig(capture, step, 'a');
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

  async 'config listen'(capture, step) {
    const link = await connectConfig(capture, step, 'a');
    const writer = await connectConfig(capture, step, 'writer');
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
  async 'config listen public'(capture, step) {
    const link = await connectConfig(capture, step, 'a');
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
