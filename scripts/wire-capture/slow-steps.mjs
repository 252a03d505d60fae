/**
 * Owns the captures that wait for what a server does to a client which says nothing. Run by capture-wire.mjs, beside
 * all other steps.
 */
import * as connection from '../../dist/wire/messages/connection.js';
import * as naming from '../../dist/wire/messages/naming.js';
import { pause } from './recorder.mjs';
import { connectNaming, instance, registerBody, service } from './subjects.mjs';

const IDLE_TIMEOUT_MS = 32_000;

export const slowSteps = {
  async 'idle and answering'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    const isDetection = (message) => message.type === connection.CLIENT_DETECTION_REQUEST;
    await link.waitFor('ClientDetectionRequest', isDetection, IDLE_TIMEOUT_MS);
    await pause(6_000);
    if (!link.ended) await link.unary(connection.HEALTH_CHECK_REQUEST, {});
    link.close();
  },

  async 'idle and silent'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
    link.acks = false;
    await link.waitForEnd(IDLE_TIMEOUT_MS);
    link.close();
  },

  async 'push without ack'(capture, step) {
    const link = await connectNaming(capture, step, 'a');
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
