// A service that runs twice: as it is (`npm run orders`), and as the release that is tried out (`npm run orders:gray`). Which of the two it is stands
// in the registry, not in its code. Start a server with `npm run nacos` before.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const { port } = server.address();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ from: port, tag: request.headers['x-tag'] ?? null }));
});

server.listen(process.env['PORT'] ?? 3001, () => {
  console.log(`orders listening on ${server.address().port}`);
});
