// Calls the service `orders` by undici. Start a server with `npx nacos-serving dev` and an instance of orders (see examples/express),
// then this with `npm start`.
import { interceptor } from 'nacos-serving/undici';
import { Agent, request } from 'undici';

const dispatcher = new Agent().compose(interceptor());

const { body } = await request('http://orders/hello', { dispatcher });
console.log(await body.text());
