// A server of Node itself, registered by code. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import { createServer } from 'node:http';

import { registerServer } from 'nacos-serving';

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"from":"node:http"}');
});

const registration = registerServer(server, { service: { name: 'orders' } });

server.listen(process.env['PORT'] ?? 3000, async () => {
  console.log(`listening on ${server.address().port}`);
  const { ip, port } = await registration.registered();
  console.log(`registered as orders at ${ip}:${port}`);
});

// SIGTERM waits until the instance is out of the registry, then comes here. Its close would have waited too.
process.once('SIGTERM', () => server.close());
