/**
 * Owns what the tests of `nacos-serving/grpc` share: real gRPC servers that answer with their name, and channels of the real grpc-js to them. A
 * scheme of its own for each channel, since grpc-js keeps the first resolver for the whole process.
 */
import * as grpc from '@grpc/grpc-js';

import { registerResolver } from '../../src/adapters/grpc.js';
import type { Discovery } from '../../src/index.js';

const PLAIN = {
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const GREETER = {
  hello: { path: '/test.Greeter/Hello', requestStream: false, responseStream: false, ...PLAIN },
} as const;
const DEADLINE_MS = 5000;

let schemes = 0;

export interface GrpcScene extends Disposable {
  /** Answers each call with its own name; gives the port. */
  greeter(name: string): Promise<number>;
  /** Calls over one channel to this target, and gives the answer. `path`: like `/orders` or `group/orders`. */
  channelTo(
    path: string,
    discovery: Discovery,
    options?: grpc.ClientOptions,
  ): () => Promise<string>;
}

export function grpcScene(): GrpcScene {
  const servers: grpc.Server[] = [];
  const clients: grpc.Client[] = [];
  return {
    greeter(name) {
      const server = new grpc.Server();
      server.addService(GREETER, {
        hello: (call: grpc.ServerUnaryCall<string, string>, reply: grpc.sendUnaryData<string>) =>
          reply(null, `${name} to ${call.request}`),
      });
      servers.push(server);
      return new Promise((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
          if (error === null) resolve(port);
          else reject(error);
        });
      });
    },
    channelTo(path, discovery, options = {}) {
      schemes += 1;
      const scheme = `nacos${String(schemes)}`;
      registerResolver(grpc, { discovery, scheme });
      const client = new grpc.Client(
        `${scheme}://${path}`,
        grpc.credentials.createInsecure(),
        options,
      );
      clients.push(client);
      return () => callOver(client);
    },
    [Symbol.dispose]() {
      for (const client of clients.splice(0)) client.close();
      for (const server of servers.splice(0)) server.forceShutdown();
    },
  };
}

function callOver(client: grpc.Client): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = GREETER.hello;
  const deadline = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      'you',
      deadline,
      (error, answer) => {
        if (error === null) resolve(answer ?? '');
        else reject(error);
      },
    );
  });
}
