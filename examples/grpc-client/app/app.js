// Calls the gRPC service `greeter` by name, ten times: node app.js
// Generated clients take the same target: new Greeter('nacos:///greeter', credentials).
import * as grpc from '@grpc/grpc-js';
import { registerResolver } from 'nacos-serving/grpc';

registerResolver(grpc);
const client = new grpc.Client('nacos:///greeter', grpc.credentials.createInsecure());

function hello(name) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/example.Greeter/Hello',
      (text) => Buffer.from(text),
      (bytes) => bytes.toString(),
      name,
      { deadline: Date.now() + 5000 },
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}

for (let call = 1; call <= 10; call += 1) console.log(await hello(`call ${call}`));
client.close();
