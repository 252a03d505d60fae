/**
 * Owns what the tests of the flags on calls by name share: services with the instances of a test, and apps that call them as often as they
 * are told, started by the command line with the flags of a test.
 */
import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import type { InstanceInput } from '../../src/model.js';
import { aFlagScene, type FlagScene } from './flags-scene.js';

/**
 * Makes the calls of the JSON that it is sent, one after the other, and answers what came of each: the port that an instance says is
 * its own, else the status, else the code of the error.
 */
const CALLER = `
const http = require('node:http');
const call = async ({ url, method, headers }) => {
  try {
    const response = await fetch(url, { method, headers });
    const body = await response.text();
    return response.ok ? JSON.parse(body).port : 'status ' + response.status;
  } catch (error) {
    return String(error.cause?.code ?? error.code ?? error);
  }
};
const server = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const answers = [];
  for (const one of JSON.parse(body)) answers.push(await call(one));
  response.end(JSON.stringify(answers));
});
server.listen(0, () => console.log('pid ' + process.pid + ', listening on ' + server.address().port));
`;

/** So much heavier that the other one is called only when this one is not. */
export const FIRST = { weight: 10_000 };
export const LAST = { weight: 0.01 };

/** The port of the instance that answered with 2xx, else `status 502` or the code of the error. */
export type Answer = number | string;

export interface Call {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Caller {
  /** One after the other. */
  make(calls: readonly Call[]): Promise<readonly Answer[]>;
  /** The same call so many times. */
  repeat(url: string, times: number): Promise<readonly Answer[]>;
}

export interface CallsScene extends AsyncDisposable {
  readonly dev: FlagScene['dev'];
  /** Registers these as the instances of a service, in place of those it had. */
  serve(service: string, ...instances: readonly InstanceInput[]): Promise<void>;
  /** Takes this out of a service that has one instance. */
  remove(service: string, instance: InstanceInput): Promise<void>;
  /** An app with these flags that registers nothing. */
  caller(...flags: readonly string[]): Promise<Caller>;
}

export async function aCallsScene(): Promise<CallsScene> {
  const scene = await aFlagScene({ pushDelayMs: 5 });
  const client = createClient({ server: scene.dev.address, logger: silentLogger });
  return {
    dev: scene.dev,
    serve: (service, ...instances) => client.naming.registerBatch(service, instances),
    remove: (service, instance) => client.naming.deregister(service, instance),
    async caller(...flags) {
      const files = { 'app.cjs': CALLER };
      const { port } = await scene.start(['--auto-register=false', ...flags], { files });
      return callerAt(port);
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await scene[Symbol.asyncDispose]();
    },
  };
}

function callerAt(port: number): Caller {
  const make = async (calls: readonly Call[]): Promise<readonly Answer[]> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify(calls),
    });
    return (await response.json()) as readonly Answer[]; // what CALLER answers
  };
  return {
    make,
    repeat: (url, times) => make(Array.from({ length: times }, () => ({ url }))),
  };
}

/** How many of these answers came from each of the instances, in their order. */
export function shares(
  answers: readonly Answer[],
  ...instances: readonly { readonly port: number }[]
): readonly number[] {
  return instances.map(({ port }) => answers.filter((answer) => answer === port).length);
}
