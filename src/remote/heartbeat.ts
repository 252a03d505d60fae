/**
 * Owns the proof of life of one connection. Started by the session for each link. When nothing was heard for the interval it
 * sends a health check; this application message is what keeps a client alive on a Nacos server, HTTP/2 pings
 * do not count (docs/protocol.md#trap-8). Two checks without an answer, or one that says "unregistered", end the link.
 */
import type { Clock, Timer } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { decodeJson } from '../wire/json.js';
import { ERROR_RESPONSE, ERROR_UNREGISTERED, readResponseHead } from '../wire/messages/common.js';
import { HEALTH_CHECK_REQUEST } from '../wire/messages/connection.js';
import { message, type Link } from './handshake.js';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly link: Link;
  /** Silence after which a check is sent, in ms. */
  readonly intervalMs: number;
  /** Wait for one answer, in ms. */
  readonly timeoutMs: number;
  /** Called once; the heartbeat has stopped by then. */
  readonly onDead: (reason: Error) => void;
}

export interface Heartbeat {
  /** Something was heard from the server. */
  heard(): void;
  stop(): void;
}

const TRIES = 2;
const MAX_PAUSE_MS = 500;
/** The second check has a third of the time: with the defaults a dead link is known within 10 s of its last sign of life. */
const SECOND_SHARE = 1 / 3;

export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, link, intervalMs, timeoutMs } = options;
  let heardMs = clock.nowMs();
  let stopped = false;
  let timer: Timer = clock.after(intervalMs, tick);

  function tick(): void {
    const silentMs = clock.nowMs() - heardMs;
    if (silentMs < intervalMs) timer = clock.after(intervalMs - silentMs, tick);
    else runInBackground(check(1));
  }

  async function check(attempt: number): Promise<void> {
    try {
      const reply = await link.connection.unary(
        message(HEALTH_CHECK_REQUEST, link.connection, {}),
        {
          timeoutMs: attempt === 1 ? timeoutMs : timeoutMs * SECOND_SHARE,
          holdsProcess: false,
        },
      );
      if (stopped) return;
      const head = readResponseHead(decodeJson(reply.body, reply.type));
      // A server that is still starting (300) is alive; only "unregistered" means that it forgot us.
      if (reply.type === ERROR_RESPONSE && head.errorCode === ERROR_UNREGISTERED) {
        die(new Error('the server does not know this connection any more'));
        return;
      }
      heardMs = clock.nowMs();
      timer = clock.after(intervalMs, tick);
    } catch (error) {
      if (stopped) return;
      if (attempt >= TRIES) die(asError(error));
      else {
        timer = clock.after(MAX_PAUSE_MS * clock.random(), () => {
          runInBackground(check(attempt + 1));
        });
      }
    }
  }

  function die(reason: Error): void {
    stop();
    options.onDead(reason);
  }

  function stop(): void {
    stopped = true;
    timer.cancel();
  }

  return {
    heard: () => {
      heardMs = clock.nowMs();
    },
    stop,
  };
}
