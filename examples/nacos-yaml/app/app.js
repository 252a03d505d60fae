// An app that knows nothing of Nacos. All that nacos-serving needs stands in nacos.yaml beside it: npm start
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const isKnown = request.url === '/hello' || request.url === '/ready';
  response.statusCode = isKnown ? 200 : 404;
  response.setHeader('content-type', 'application/json');
  response.end(isKnown ? '{"from":"orders"}' : '{}');
});

server.listen(process.env['PORT'] ?? 3000, () => {
  console.log(`listening on ${server.address().port}`);
});
