/**
 * Owns the raw connection that the wire captures are made with: a grpc-js channel whose serialisers leave bytes
 * alone, so that what is written down is what went over the wire. Used by capture-wire.mjs only. It knows
 * nothing of retries and decides nothing; each message is recorded before anything looks at it.
 */
import { Client, credentials } from '@grpc/grpc-js';

import { decodeJson, encodeJson } from '../../dist/wire/json.js';
import { decodePayload, encodePayload } from '../../dist/wire/payload.js';

const UNARY_PATH = '/Request/request';
const STREAM_PATH = '/BiRequestStream/requestBiStream';
const UNARY_TIMEOUT_MS = 5_000;
const CLIENT_IP = '127.0.0.1';

const identity = (bytes) => bytes;
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The lines of one capture. */
export class Recorder {
  lines = [];
  #startedAt = performance.now();

  add(line, bytes) {
    const { type, headers, clientIp, body } = decodePayload(bytes);
    this.lines.push({
      step: line.step,
      connection: line.connection,
      direction: line.direction,
      channel: line.channel,
      atMs: Math.round(performance.now() - this.#startedAt),
      name: type,
      bytes: Buffer.from(bytes).toString('base64'),
      headers,
      clientIp,
      json: decodeJson(body, type),
    });
  }

  /** A fact which is no message: the end of a stream, or that nothing came within a time. */
  note(line, text) {
    const atMs = Math.round(performance.now() - this.#startedAt);
    this.lines.push({ step: line.step, connection: line.connection, atMs, note: text });
  }
}

/** One TCP connection with its two Nacos methods. */
export class RawConnection {
  received = [];
  ended = false;
  /** False: server requests on the stream stay unanswered. */
  acks = true;
  #client;
  #recorder;
  #line;
  #stream;
  #waiters = new Set();

  constructor(target, recorder, line) {
    this.#recorder = recorder;
    this.#line = line;
    this.#client = new Client(target, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
    });
  }

  /** Sends one unary request and gives the JSON of the answer, with its class as `type`. */
  unary(type, body, headers = {}) {
    const bytes = this.#encode(type, body, headers, 'unary');
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + UNARY_TIMEOUT_MS;
      const done = (error, reply) => {
        if (error) {
          this.#recorder.note(this.#line, `${type} failed: gRPC status ${error.code}`);
          reject(error);
          return;
        }
        this.#record('received', 'unary', reply);
        resolve(readable(reply));
      };
      this.#client.makeUnaryRequest(UNARY_PATH, identity, identity, bytes, { deadline }, done);
    });
  }

  openStream() {
    this.#stream = this.#client.makeBidiStreamRequest(STREAM_PATH, identity, identity);
    this.#stream.on('data', (bytes) => {
      this.#record('received', 'stream', bytes);
      const message = { ...readable(bytes), at: performance.now() };
      if (this.acks && message.body.requestId !== undefined && message.type !== 'SetupAckRequest') {
        const { requestId } = message.body;
        this.sendOnStream(message.type.replace(/Request$/, 'Response'), {
          resultCode: 200,
          errorCode: 0,
          success: true,
          requestId,
        });
      }
      this.received.push(message);
      for (const waiter of [...this.#waiters]) waiter();
    });
    const end = (how) => {
      if (this.ended) return;
      this.ended = true;
      this.#recorder.note(this.#line, `stream ended: ${how}`);
      for (const waiter of [...this.#waiters]) waiter();
    };
    this.#stream.on('error', (error) => end(`gRPC status ${error.code}`));
    this.#stream.on('end', () => end('completed'));
  }

  sendOnStream(type, body) {
    this.#stream.write(this.#encode(type, body, {}, 'stream'));
  }

  /** The first message received for which `test` holds; undefined when none came in time, which is noted. */
  async waitFor(what, test, timeoutMs) {
    const find = () => this.received.find(test);
    const found = await this.#until(find, timeoutMs);
    if (!found) this.#recorder.note(this.#line, `no ${what} within ${timeoutMs} ms`);
    return found;
  }

  waitForEnd(timeoutMs) {
    return this.#until(() => this.ended, timeoutMs);
  }

  close() {
    this.ended = true;
    this.#stream?.cancel();
    this.#client.close();
  }

  #until(condition, timeoutMs) {
    return new Promise((resolve) => {
      const check = () => {
        const value = condition();
        if (value || expired) {
          clearTimeout(timer);
          this.#waiters.delete(check);
          resolve(value);
        }
      };
      let expired = false;
      const timer = setTimeout(() => {
        expired = true;
        check();
      }, timeoutMs);
      this.#waiters.add(check);
      check();
    });
  }

  #encode(type, body, headers, channel) {
    const bytes = encodePayload({ type, headers, clientIp: CLIENT_IP, body: encodeJson(body) });
    this.#record('sent', channel, bytes);
    return bytes;
  }

  #record(direction, channel, bytes) {
    this.#recorder.add({ ...this.#line, direction, channel }, bytes);
  }
}

function readable(bytes) {
  const { type, body } = decodePayload(bytes);
  return { type, body: decodeJson(body, type) };
}
