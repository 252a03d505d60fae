/** Values of a request are there wherever its handling goes, and nowhere else, on every kind of server and in every async style. */
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, type AddressInfo, type Server as NetServer } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import createExpress from 'express';
import createFastify from 'fastify';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';

import { nacosContext } from '../../src/adapters/context-middleware.js';
import { ConfigError } from '../../src/errors.js';
import { routingValues, runWithRouting } from '../../src/routing-context.js';
import { coverServer } from '../../src/runtime/inbound-context.js';
import { systemClock } from '../../src/util/clock.js';
import { settle } from '../helpers/fake-clock.js';

type Done = (values: object) => void;
type Style = (request: IncomingMessage, done: Done, response: ServerResponse) => void;

/** Each asks for the values at a place of its own, after the request was handed over. */
const STYLES: Readonly<Record<string, Style>> = {
  'at once': (_request, done) => done(routingValues()),
  'next tick': (_request, done) => process.nextTick(() => done(routingValues())),
  microtask: (_request, done) => queueMicrotask(() => done(routingValues())),
  timer: (_request, done) => void systemClock.after(1, () => done(routingValues())),
  'callback of fs': (_request, done) => readFile(import.meta.filename, () => done(routingValues())),
  await: (_request, done) =>
    void (async () => {
      await settle();
      await settle();
      done(routingValues());
    })(),
  'events of the body': (request, done) => {
    const seen: object[] = [];
    request.on('data', () => seen.push(routingValues()));
    request.on('end', () => {
      const now = routingValues();
      done(seen.every((one) => JSON.stringify(one) === JSON.stringify(now)) ? now : { seen: '' });
    });
  },
  readable: (request, done) => {
    request.on('readable', () => {
      while (request.read() !== null);
    });
    request.on('end', () => done(routingValues()));
  },
  'for await': (request, done) =>
    void (async () => {
      let length = 0;
      for await (const chunk of request) length += String(chunk).length;
      done(length > 0 ? routingValues() : {});
    })(),
  pipeline: (request, done) =>
    void (async () => {
      await pipeline(request, new Writable({ write: (_chunk, _encoding, next) => next() }));
      done(routingValues());
    })(),
  'emitter of the app': (request, done) => {
    const emitter = new EventEmitter();
    emitter.once('go', () => done(routingValues()));
    request.once('end', () => emitter.emit('go')).resume();
  },
};

/** Answers in the style that the path names, with the values and what `finish` sees on the line after. */
function handle(request: IncomingMessage, response: ServerResponse): void {
  const style = STYLES[decodeURIComponent((request.url ?? '/').slice(1))];
  style?.(request, (values) => response.end(JSON.stringify(values)), response);
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function aServer(server: Server = createServer(handle)) {
  coverServer(server, ['x-tag']);
  const port = await listening(server);
  return {
    server,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Asked {
  readonly port: number;
  readonly path: string;
  readonly agent: Agent;
  readonly tag?: string | undefined;
}

async function ask({ port, path, agent, tag }: Asked): Promise<unknown> {
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: `/${encodeURIComponent(path)}`,
    agent,
    headers: tag === undefined ? {} : { 'x-tag': tag },
  });
  request.write('first');
  setImmediate(() => request.end('second'));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return JSON.parse(text);
}

const valuesOf = (tag: string | undefined): object => (tag === undefined ? {} : { 'x-tag': tag });
const TAGS = ['gray', undefined, 'blue', undefined, 'gray'];

describe.each(Object.keys(STYLES))('in the style: %s', (path) => {
  it('each request on one connection has its own values', async () => {
    await using one = await aServer();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const tag of TAGS) {
      expect(await ask({ port: one.port, path, agent, tag })).toEqual(valuesOf(tag));
    }
    agent.destroy();
  });

  it('requests at the same time do not see those of others', async () => {
    await using one = await aServer();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const tags = Array.from({ length: 40 }, (_, at) =>
      at % 3 === 0 ? undefined : `t${String(at)}`,
    );
    const answers = tags.map((tag) => ask({ port: one.port, path, agent, tag }));
    expect(await Promise.all(answers)).toEqual(tags.map(valuesOf));
    agent.destroy();
  });
});

describe('what a request carries', () => {
  it('is what is named, as a header or else as baggage, when it can be sent on', async () => {
    const seen: object[] = [];
    const server = createServer((_request, response) => {
      seen.push({ ...routingValues() });
      response.end();
    });
    coverServer(server, ['x-tag', 'lane']);
    const port = await listening(server);
    const get = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${String(port)}/`, { headers: { connection: 'close', ...headers } });
    await get({ 'X-Tag': 'gray', other: 'no', baggage: 'x-tag=blue,LANE=7%208;p' });
    await get({ baggage: 'lane=%E7%81%B0,x-tag=blue' });
    await get({ 'x-tag': 'x'.repeat(2000) });
    await get({});
    expect(seen).toEqual([{ 'x-tag': 'gray', lane: '7 8' }, { 'x-tag': 'blue' }, {}, {}]);
    server.close();
  });

  it('is told to pipelined requests apart, and to the end of each answer', async () => {
    const finished: object[] = [];
    await using one = await aServer(
      createServer((request, response) => {
        response.on('finish', () => finished.push({ ...routingValues() }));
        handle(request, response);
      }),
    );
    const socket = connect(one.port, '127.0.0.1');
    const requests = TAGS.map((tag) =>
      [
        'GET /timer HTTP/1.1',
        'host: a',
        ...(tag === undefined ? [] : [`x-tag: ${tag}`]),
        '',
        '',
      ].join('\r\n'),
    );
    socket.write(requests.join(''));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await expect.poll(() => finished.length).toBe(TAGS.length);
    socket.destroy();
    expect(finished).toEqual(TAGS.map(valuesOf));
    expect(text.match(/\{.*\}/g)?.map((one) => JSON.parse(one) as unknown)).toEqual(
      TAGS.map(valuesOf),
    );
  });

  it('is gone where a server was made, or a request handed on, in the middle of another', async () => {
    const server = createServer(handle);
    coverServer(server, ['x-tag']);
    const port = await runWithRouting({ 'x-tag': 'start', lane: '1' }, () => listening(server));
    const agent = new Agent();
    const path = 'events of the body';
    expect(await ask({ port, path: 'at once', agent })).toEqual({});
    expect(await ask({ port, path, agent, tag: 'gray' })).toEqual({ 'x-tag': 'gray' });
    server.close();
  });

  it('is there for messages of an upgraded connection', async () => {
    const seen: object[] = [];
    const server = createServer();
    coverServer(server, ['x-tag']);
    server.on('upgrade', (_request, socket) => {
      socket.on('data', () => {
        seen.push({ ...routingValues() });
        socket.end();
      });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
    });
    const port = await listening(server);
    const headers = { connection: 'upgrade', upgrade: 'x', 'x-tag': 'gray' };
    const request = httpRequest({ port, host: '127.0.0.1', headers }).end();
    const [, socket] = (await once(request, 'upgrade')) as [unknown, NodeJS.WritableStream];
    socket.write('message');
    await expect.poll(() => seen).toEqual([{ 'x-tag': 'gray' }]);
    server.close();
  });

  it('is there on http2, for requests and for streams', async () => {
    const server = createHttp2Server();
    coverServer(server, ['x-tag']);
    const streams: object[] = [];
    server.on('stream', (stream) => {
      stream.on('end', () => streams.push({ ...routingValues() }));
    });
    server.on('request', (request, response) => {
      request.on('data', () => undefined);
      request.on('end', () => response.end(JSON.stringify(routingValues())));
    });
    const port = await listening(server);
    const session = connectHttp2(`http://127.0.0.1:${String(port)}`);
    const answers = TAGS.map(async (tag) => {
      const stream = session.request({
        ':method': 'POST',
        ...(tag === undefined ? {} : { 'x-tag': tag }),
      });
      stream.end('body');
      let text = '';
      for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
      return JSON.parse(text) as unknown;
    });
    expect(await Promise.all(answers)).toEqual(TAGS.map(valuesOf));
    expect(streams).toHaveLength(TAGS.length);
    expect(streams).toEqual(expect.arrayContaining(TAGS.map(valuesOf)));
    session.close();
    server.close();
  });

  it('leaves what covers the classes of servers later in the way of requests', async () => {
    const own = createServer(handle);
    const emitted: unknown[] = [];
    await using one = await aServer(own);
    const before = Object.getPrototypeOf(own) as object;
    const late = Object.create(before, {
      emit: {
        value(this: Server, ...args: [string]) {
          emitted.push(args[0]);
          return Reflect.apply(Reflect.get(before, 'emit') as () => boolean, this, args) as boolean;
        },
      },
    }) as object;
    Object.setPrototypeOf(own, late);
    expect(await ask({ port: one.port, path: 'at once', agent: new Agent(), tag: 'gray' })).toEqual(
      {
        'x-tag': 'gray',
      },
    );
    expect(emitted).toContain('request');
  });
});

describe('the middleware', () => {
  type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

  async function answersOf(handler: Handler): Promise<readonly unknown[]> {
    const server = createServer((request, response) => void handler(request, response));
    const port = await listening(server);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answers: unknown[] = [];
    for (const tag of TAGS) answers.push(await ask({ port, path: 'x', agent, tag }));
    agent.destroy();
    server.close();
    return answers;
  }

  it('is for Express, Koa and Fastify, each in its own way', async () => {
    const context = nacosContext({ names: ['X-Tag'] });

    const express = createExpress();
    express.use(context);
    express.use((request, response) => {
      request.on('data', () => undefined).on('end', () => void response.json(routingValues()));
    });

    const koa = new Koa();
    koa.use((ctx, next) => context(ctx.req, ctx.res, next));
    koa.use(async (ctx) => {
      await settle();
      ctx.body = routingValues();
    });

    const fastify = createFastify();
    fastify.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume().on('end', () => done(null, ''));
    });
    fastify.addHook('onRequest', (request, reply, done) => context(request.raw, reply.raw, done));
    fastify.post('/x', async () => {
      await settle();
      return routingValues();
    });
    await fastify.ready();

    const expected = TAGS.map(valuesOf);
    expect(await answersOf((request, response) => express(request, response))).toEqual(expected);
    expect(await answersOf(koa.callback())).toEqual(expected);
    expect(await answersOf((request, response) => fastify.routing(request, response))).toEqual(
      expected,
    );
  });

  it('takes no names that frame a message', () => {
    expect(() => nacosContext({ names: ['Host'] })).toThrow(ConfigError);
  });
});
