// hapi with our plugin. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import Hapi from '@hapi/hapi';
import { nacosServing } from 'nacos-serving/hapi';

const server = Hapi.server({ port: process.env['PORT'] ?? 3000 });

await server.register({
  plugin: nacosServing,
  options: { service: { name: 'orders' }, health: { path: '/health' } },
});

server.route({ method: 'GET', path: '/hello', handler: () => ({ from: 'hapi' }) });

await server.start();
console.log(`listening on ${server.info.port}`);

// SIGTERM waits until the instance is out of the registry, then comes here.
process.once('SIGTERM', () => server.stop());
