// Calls the service `orders` by fetch. Start a server with `npx nacos-serving dev` and an instance of orders (see examples/express),
// then this with `npm start`.
import { failedCall } from 'nacos-serving';
import { createFetch } from 'nacos-serving/fetch';

const fetch = createFetch();

try {
  const response = await fetch('http://orders/hello');
  console.log(await response.text());
} catch (error) {
  console.error(error.cause ?? error);
  for (const { ip, port } of failedCall(error)?.tried ?? []) console.error(`tried ${ip}:${port}`);
}
