import { createServer } from 'node:http';
import { isNacosError, createClient } from 'nacos-serving';

const client = createClient({ server: process.env.NACOS_SERVER ?? '127.0.0.1:8848' });
const subscription = client.config.listen('shop.json', 'SHOP', (version) => {
  console.log(version === undefined ? 'no config any more' : `config ${version.content}`);
});

// What is there now; every later content goes to the listener and into subscription.current.
if ((await subscription.ready()) === undefined) {
  await client.config.publish('shop.json', 'SHOP', JSON.stringify({ discount: 5 }));
}

const app = createServer(async (request, response) => {
  const version = subscription.current;
  const { discount } = JSON.parse(version?.content ?? '{"discount":0}');
  if (request.method === 'POST') {
    try {
      // Changes what was read, and only that: somebody else may have been faster.
      const content = JSON.stringify({ discount: discount + 1 });
      await client.config.publish('shop.json', 'SHOP', content, { casMd5: version?.md5 });
    } catch (error) {
      response.statusCode = isNacosError(error) && error.code === 'CAS_CONFLICT' ? 409 : 503;
    }
  }
  response.end(JSON.stringify({ discount }));
});
app.listen(process.env.PORT ?? 3000, () => {
  console.log(`listening on ${app.address().port}`);
});
