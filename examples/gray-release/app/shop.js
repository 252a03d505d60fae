// Calls `orders` for each request, and says nothing of tags on the way: `--propagate x-tag` hands the header of its own request on. Try
//   curl localhost:3000/                    the orders of everybody
//   curl localhost:3000/ -H 'x-tag: gray'   those of the release that is tried out
import { createServer } from 'node:http';

import { setRoutes } from 'nacos-serving';

// A call with x-tag: gray goes to instances with metadata version=gray. Without one, and when nobody has that version, it goes to instances
// that have no version at all. Rules may be set again at any time, and hold for the next call.
await setRoutes('orders', [
  { from: [{ header: 'x-tag' }], to: { version: '*' }, otherwise: 'unlabelled' },
]);

const server = createServer(async (_request, response) => {
  try {
    const answer = await fetch('http://orders/');
    response.setHeader('content-type', 'application/json');
    response.end(await answer.text());
  } catch (error) {
    response.statusCode = 502;
    response.end(`${error.cause?.message ?? error.message}\n`);
  }
});

server.listen(process.env['PORT'] ?? 3000, () => {
  console.log(`shop listening on ${server.address().port}`);
});
