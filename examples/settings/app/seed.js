// What an operator would write in the console of Nacos.
import { createClient } from 'nacos-serving';

const client = createClient({ server: process.env.NACOS_SERVER ?? '127.0.0.1:8848' });
await client.config.publish('shared.yaml', undefined, 'log:\n  level: info\ncurrency: EUR\n');
await client.config.publish(
  'orders.yaml',
  undefined,
  'currency: USD\ngreeting: "prices in ${currency}"\npage:\n  size: ${PAGE_SIZE:20}\ndb:\n  password: not-shown\n',
);
await client.close();
