/**
 * Owns what every HTTP client has to do by name, with the preload (zero-code) and with its explicit adapter: `clientContract(client)` defines the
 * tests of one client in one of the two ways. The client runs in a child process (test/fixtures/apps/clients/drivers/host.mjs), through a driver that
 * is named after it; the registry and the instances run here.
 *
 * A driver is one module which exports `call(url, { method, headers, body, parts, signal })`, and resolves to
 * `{ status, text, headers, url? }` for every status. `body` is a string, a Buffer or undefined; `parts` are texts to be sent as a body that
 * streams; `url` is the final one where the client tells it. Redirects are followed. Errors go through as they are.
 */
import { readFileSync, readdirSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { ODD_NAMES, openContractWorld, type ContractWorld } from './client-contract-world.js';
import { startNode, type Child } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { CERTIFICATES, type Received } from '../helpers/instance-server.js';

/** What some client cannot do by itself; the value is the reason. Tests of it are left out. */
export type ContractGap =
  | 'streamBody'
  /** It has GET only, without a body. Then `streamBody`, `replay` and the rest of what needs one are not asked for. */
  | 'body'
  | 'redirect'
  | 'keepAlive'
  | 'ownHost'
  | 'abort'
  /** It can be told to stop once it has begun, and only then. */
  | 'abortBefore'
  | 'upperCase'
  | 'schemes'
  | 'replay'
  | 'repeat'
  | 'underscore';

/** Of whatever calls by a fetch. */
export const FETCH_CANNOT: Readonly<Partial<Record<ContractGap, string>>> = {
  ownHost: 'fetch drops a Host header of its caller',
  replay: 'fetch hands every body on as a stream',
};

export interface ContractClient {
  /** The driver's file, without its ending. */
  readonly driver: string;
  readonly mode: 'zero-code' | 'explicit';
  /** Default true with zero code; false for a driver that loads `nacos-serving/register` itself. */
  readonly preload?: boolean;
  readonly cannot?: Readonly<Partial<Record<ContractGap, string>>>;
  /** What a call that succeeds has as its status. Default 200. */
  readonly okStatus?: number;
  readonly errors: {
    /** What the client's users catch after an abort. */
    readonly abort: Partial<ToldError>;
    /** What they catch when there is nothing to call; `NO_INSTANCE` is this error's code or that of one of its causes. */
    readonly failed: Partial<ToldError>;
  };
  readonly env?: Readonly<Record<string, string>>;
}

/** An error as the host tells it. */
export interface ToldError {
  readonly class?: string;
  readonly name?: string;
  readonly code?: string | number;
  readonly message: string;
  readonly cause?: ToldError;
  readonly details?: Readonly<Record<string, unknown>>;
  /** What is under Symbol.for('nacos-serving.call'). */
  readonly call?: {
    readonly service: string;
    readonly group: string;
    readonly namespace: string;
    readonly tried: readonly { ip: string; port: number; error: ToldError }[];
  };
}

export interface CallInput {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body as bytes. */
  readonly bytes?: boolean;
  /** A body that streams. */
  readonly parts?: readonly string[];
  readonly isAborted?: boolean;
}

/** What came of one call: `received` is what the instance says that it got. */
export interface Called {
  readonly status?: number;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly received?: Received;
  readonly error?: ToldError;
}

export interface ClientHost extends AsyncDisposable {
  readonly child: Child;
  call(url: string, input?: CallInput): Promise<Called>;
  /** A call that is not waited for. */
  start(url: string, input?: CallInput): { abort(): void; readonly done: Promise<Called> };
  /** Nothing more comes: the process should end. */
  end(): void;
}

const CLIENTS = fileURLToPath(new URL('../fixtures/apps/clients', import.meta.url));
const ROOT = path.resolve(CLIENTS, '../../../..');

/** A folder with the drivers, our package and every client package installed. To be removed by its user. */
export function clientsFolder(): string {
  const { dependencies } = JSON.parse(readFileSync(path.join(CLIENTS, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const own = path.join('test/fixtures/apps/clients/node_modules');
  const installed: Record<string, string> = {};
  for (const name of Object.keys(dependencies)) {
    const nested = path.join(own, name);
    installed[name] = existsSync(path.join(ROOT, nested)) ? nested : `node_modules/${name}`;
  }
  return installedFolder(installed, (folder) => {
    const drivers = path.join(folder, 'drivers');
    mkdirSync(drivers);
    for (const file of readdirSync(path.join(CLIENTS, 'drivers'))) {
      copyFileSync(path.join(CLIENTS, 'drivers', file), path.join(drivers, file));
    }
  });
}

export interface HostOptions {
  readonly folder: string;
  readonly driver: string;
  readonly mode: 'zero-code' | 'explicit';
  readonly preload?: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export async function startHost({
  folder,
  driver,
  mode,
  preload: isPreloaded = mode === 'zero-code',
  env,
}: HostOptions): Promise<ClientHost> {
  const register = path.join(folder, 'node_modules/nacos-serving/dist/entry/register.cjs');
  const preload = isPreloaded ? ['--require', register] : [];
  const child = startNode([...preload, path.join(folder, 'drivers/host.mjs'), driver], {
    cwd: folder,
    env: { NODE_EXTRA_CA_CERTS: CERTIFICATES, ...env },
  });
  await child.line(/^host \{"ready"/);
  let calls = 0;
  const tell = (command: object): void => {
    child.process.stdin?.write(`${JSON.stringify(command)}\n`);
  };
  const start: ClientHost['start'] = (url, input = {}) => {
    calls += 1;
    const id = calls;
    tell({ id, url, ...input });
    return { abort: () => tell({ abort: id }), done: answerOf(child, id) };
  };
  return {
    child,
    start,
    call: (url, input) => start(url, input).done,
    end: () => tell({ end: true }),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function answerOf(child: Child, id: number): Promise<Called> {
  const [line] = await child.line(new RegExp(`^host \\{"id":${String(id)},.*`));
  const { answer, error } = JSON.parse(line.slice('host '.length)) as {
    readonly answer?: { status: number; text: string; url?: string; headers: object };
    readonly error?: ToldError;
  };
  if (answer === undefined) return { error: error ?? { message: 'no error' } };
  const { text, ...rest } = answer;
  return {
    ...rest,
    ...(text.startsWith('{') ? { received: JSON.parse(text) as Received } : {}),
  } as Called;
}

/** The error's codes, its own first, then those of its causes. */
export function codesOf(error: ToldError | undefined): readonly (string | number)[] {
  if (error === undefined) return [];
  return [...(error.code === undefined ? [] : [error.code]), ...codesOf(error.cause)];
}

export function clientContract(client: ContractClient): void {
  const { driver, mode, cannot = {}, okStatus = 200, errors } = client;
  const can = (gap: ContractGap): boolean => cannot[gap] === undefined;

  describe(`${driver}, ${mode}`, () => {
    let world: ContractWorld;
    let folder: string;
    let host: ClientHost;
    beforeAll(async () => {
      world = await openContractWorld();
      folder = clientsFolder();
      // Explicit adapters need no declaration.
      const declared = mode === 'zero-code' ? { NACOS_DISCOVERY_SERVICES: 'shop.*' } : {};
      const env = { NACOS_SERVER: world.server.address, ...declared, ...client.env };
      const { preload } = client;
      host = await startHost({
        folder,
        driver,
        mode,
        env,
        ...(preload === undefined ? {} : { preload }),
      });
    });
    afterAll(async () => {
      await host[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    if (mode === 'zero-code') {
      // First of all: nothing of ours is loaded yet, and the options are not read.
      it('takes names with dots that are declared, and no others', async () => {
        const { received, error } = await host.call('http://shop.plain/p');
        expect(error).toBeUndefined();
        expect(received).toMatchObject({ port: world.plain.port, host: 'shop.plain' });
        const before = world.plain.received.length;
        const other = await host.call('http://other.plain/p');
        expect(codesOf(other.error).join()).toMatch(/ENOTFOUND|EAI_AGAIN|ERR_NETWORK/);
        expect(world.plain.received).toHaveLength(before);
      });
    }

    it('leaves hosts alone that are not ours', async () => {
      const { port } = world.plain;
      for (const name of ['127.0.0.1', 'localhost']) {
        const { status, received } = await host.call(`http://${name}:${String(port)}/p?x=1`);
        expect(status).toBe(okStatus);
        expect(received).toMatchObject({ target: '/p?x=1', host: `${name}:${String(port)}` });
      }
    });

    it('sends the call as it is, under the logical name', async () => {
      const sent = can('body') ? { method: 'PUT', body: 'whole' } : { method: 'GET' };
      const { status, received } = await host.call('http://plain/p/q?x=1&y=%20', {
        ...sent,
        headers: { 'x-mine': 'yes', ...(can('body') ? { 'content-type': 'text/plain' } : {}) },
      });
      expect(status).toBe(okStatus);
      expect(received).toMatchObject({
        port: world.plain.port,
        target: '/p/q?x=1&y=%20',
        host: 'plain',
        ...sent,
        headers: { 'x-mine': 'yes' },
      });
    });

    it('calls both instances in turn, each over a connection that it keeps', async () => {
      const [one, two] = world.pair;
      for (let calls = 0; calls < 8; calls += 1) {
        const { status } = await host.call('http://pair/');
        expect(status).toBe(okStatus);
      }
      expect([one.received.length, two.received.length]).toEqual([4, 4]);
      if (can('keepAlive')) expect([one.connections, two.connections]).toEqual([1, 1]);
    });

    if (can('ownHost')) {
      it("keeps a caller's own Host header", async () => {
        const { received } = await host.call('http://plain/', {
          headers: { host: 'shop.example' },
        });
        expect(received).toMatchObject({ port: world.plain.port, host: 'shop.example' });
      });
    }

    if (can('upperCase')) {
      it('finds the service whatever the case', async () => {
        const { received } = await host.call('http://PLAIN/');
        expect(received).toMatchObject({ port: world.plain.port });
      });
    }

    for (const name of ODD_NAMES) {
      if (name.includes('_') && !can('underscore')) continue;
      it(`finds a service called ${name}`, async () => {
        const url = new URL(`http://${name}/p`);
        const { received, error } = await host.call(
          can('upperCase') ? `http://${name}/p` : url.href,
        );
        expect(error).toBeUndefined();
        expect(received).toMatchObject({ port: world.plain.port, host: url.hostname });
      });
    }

    const bodies: readonly (readonly [string, CallInput, string])[] = [
      ['no body', {}, ''],
      ['a text', { method: 'POST', body: 'once' }, 'once'],
      ['bytes', { method: 'POST', body: 'bytes', bytes: true }, 'bytes'],
      ['a stream', { method: 'POST', parts: ['a', 'b', 'c'] }, 'abc'],
    ];
    for (const [what, input, body] of bodies) {
      if (input.method !== undefined && !can('body')) continue;
      if (input.parts !== undefined && !can('streamBody')) continue;
      it(`moves on from an instance that refuses, with ${what}`, async () => {
        const service = `refusing-${String(bodies.findIndex(([name]) => name === what))}`;
        const { received, error } = await host.call(`http://${service}/`, input);
        expect(error).toBeUndefined();
        expect(received).toMatchObject({ port: world.plain.port, body, host: service });
      });
    }

    it('repeats an idempotent call on another instance when a connection is lost, and no POST', async () => {
      const isPut = can('body') && can('replay');
      const again = isPut ? { method: 'PUT', body: 'again' } : { method: 'GET' };
      const { received, error } = await host.call('http://resetting-put/', again);
      if (can('repeat')) {
        expect(error).toBeUndefined();
        expect(received).toMatchObject({ port: world.plain.port, ...again });
      } else {
        expect(codesOf(error).join()).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
      }
      const seen = `${again.method} / ${'body' in again ? again.body : ''}`;
      expect(world.resetting.received).toEqual([seen]);
      if (!can('body')) return;
      const before = world.plain.received.length;
      const once = { method: 'POST', body: 'once' };
      expect((await host.call('http://resetting-post/', once)).error).toBeDefined();
      expect(world.plain.received.slice(before)).toEqual([]);
      expect(world.resetting.received).toEqual([seen, 'POST / once']);
    });

    if (can('body') && can('streamBody')) {
      it('sends a body whole that streams', async () => {
        const parts = Array.from({ length: 20 }, (_, at) => `${String(at)}:${'x'.repeat(1000)};`);
        const { received } = await host.call('http://plain/', { method: 'POST', parts });
        expect(received?.body).toBe(parts.join(''));
      });
    }

    if (can('redirect')) {
      it.each(['/to?/final', '/to?http://plain/final'])(
        'follows a redirect, %s',
        async (target) => {
          const { status, url, received } = await host.call(`http://plain${target}`);
          expect(status).toBe(okStatus);
          expect(received).toMatchObject({ target: '/final', host: 'plain' });
          expect(url ?? 'http://plain/final').toBe('http://plain/final');
        },
      );
    }

    if (can('abort') && can('abortBefore')) {
      it('aborts before the call', async () => {
        const before = world.plain.received.length;
        const { error } = await host.call('http://plain/never', { isAborted: true });
        expect(error).toMatchObject(errors.abort);
        expect(world.plain.received.slice(before)).toEqual([]);
      });
    }

    if (can('abort')) {
      it('aborts while the list is awaited', async () => {
        world.server.faults.freeze(true);
        try {
          const call = host.start('http://waiting/never');
          // A round trip of the host: it has begun the call by then.
          await host.call(`http://127.0.0.1:${String(world.plain.port)}/`);
          call.abort();
          expect((await call.done).error).toMatchObject(errors.abort);
        } finally {
          world.server.faults.freeze(false);
        }
        expect(world.plain.received.filter(({ target }) => target === '/never')).toEqual([]);
      });

      it('aborts in flight', async () => {
        const call = host.start('http://plain/hang');
        await vi.waitFor(() => expect(world.plain.received.at(-1)?.target).toBe('/hang'));
        call.abort();
        expect((await call.done).error).toMatchObject(errors.abort);
      });
    }

    it("says in the client's own error that there is no instance", async () => {
      const { error } = await host.call('http://empty/');
      expect(error).toMatchObject(errors.failed);
      expect(codesOf(error)).toContain('NO_INSTANCE');
    });

    // The first instance of `orders` is dead.
    it('moves on over TLS, and checks the certificate of an instance against the name', async () => {
      const { received } = await host.call('https://orders/p');
      expect(received).toMatchObject({ target: '/p', host: 'orders', servername: 'orders' });
      const { error } = await host.call('https://impostor/p');
      expect(codesOf(error)).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    });

    it('speaks TLS to an instance that wants it, whatever the scheme', async () => {
      const { received, error } = await host.call('http://vault/p');
      expect(error).toBeUndefined();
      expect(received).toMatchObject({ target: '/p', host: 'vault', servername: 'vault' });
    });

    if (mode === 'explicit') {
      it('takes names with dots', async () => {
        const { received } = await host.call('http://shop.plain/p');
        expect(received).toMatchObject({ port: world.plain.port, host: 'shop.plain' });
      });

      if (can('schemes')) {
        it.each(['lb', 'nacos'])(
          'takes %s:// for plain http, or TLS where it is wanted',
          async (scheme) => {
            const plain = await host.call(`${scheme}://plain/p`);
            expect(plain.received).toMatchObject({ port: world.plain.port, host: 'plain' });
            const secure = await host.call(`${scheme}://vault/p`);
            expect(secure.received).toMatchObject({ host: 'vault', servername: 'vault' });
          },
        );
      }
    }

    it('lets the process end by itself', async () => {
      host.end();
      expect(await host.child.exit()).toMatchObject({ code: 0, signal: null });
    });
  });
}
