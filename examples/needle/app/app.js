import { createAgent } from 'nacos-serving/http';
import needle from 'needle';

const agent = createAgent();

const { body } = await needle('get', 'http://orders/today', { agent });
console.log(`needle got ${body.text}`);
