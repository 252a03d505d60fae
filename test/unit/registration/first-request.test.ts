import { channel } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';

import { describe, expect, it } from 'vitest';

import { watchFirstRequest } from '../../../src/registration/first-request.cjs';
import { settle } from '../../helpers/fake-clock.js';

const requests = channel('http.server.request.start');

describe('the first request', () => {
  it('is told once, in a turn of its own, and nothing listens any more', async () => {
    let told = 0;
    watchFirstRequest(() => {
      told += 1;
    });
    expect(requests.hasSubscribers).toBe(true);
    requests.publish({});
    requests.publish({});
    expect(told).toBe(0);
    expect(requests.hasSubscribers).toBe(false);
    await settle();
    expect(told).toBe(1);
  });

  it('of an http2 server counts, and leaves no listener on it', async () => {
    let told = 0;
    const server = createHttp2();
    const watch = watchFirstRequest(() => {
      told += 1;
    });
    watch.add(server);
    watch.add(server);
    expect(server.listenerCount('stream')).toBe(1);
    expect(server.listenerCount('request')).toBe(0);
    server.emit('stream');
    await settle();
    expect(told).toBe(1);
    expect(server.listenerCount('stream')).toBe(0);
  });

  it('is not looked for on a server of http, whose channel tells', () => {
    const server = createServer();
    const watch = watchFirstRequest(() => undefined);
    watch.add(server);
    expect(server.eventNames()).not.toContain('stream');
    watch.stop();
  });

  it('is not told after the end, and what the listener throws stays with us', async () => {
    let told = 0;
    const watch = watchFirstRequest(() => {
      told += 1;
    });
    watch.stop();
    watch.stop();
    requests.publish({});
    await settle();
    expect(told).toBe(0);

    watchFirstRequest(() => {
      throw new Error('a defect');
    });
    requests.publish({});
    await settle();
    expect(requests.hasSubscribers).toBe(false);
  });
});
