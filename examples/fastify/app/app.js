// Fastify with our plugin. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import Fastify from 'fastify';
import { nacosServing } from 'nacos-serving/fastify';

const app = Fastify();

await app.register(nacosServing, { service: { name: 'orders' }, health: { path: '/health' } });

app.get('/hello', async () => ({ from: 'fastify' }));

await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '0.0.0.0' });
console.log(`listening on ${app.server.address().port}`);

const { ip, port } = await app.nacos.registered();
console.log(`registered as orders at ${ip}:${port}`);

// SIGTERM waits until the instance is out of the registry, then comes here.
process.once('SIGTERM', () => app.close());
