import { createClient } from 'nacos-serving';

const client = createClient({ server: process.env.NACOS_SERVER ?? '127.0.0.1:8848' });
const { config } = client;

// The listener gets the content of now and every later one.
const subscription = config.listen('shop.json', 'SHOP', (version) => {
  console.log(
    version === undefined ? 'no config' : `discount ${JSON.parse(version.content).discount}`,
  );
});
if ((await subscription.ready()) === undefined) {
  console.log('nothing there yet');
  await config.publish('shop.json', 'SHOP', JSON.stringify({ discount: 5 }));
}

// Change what was read, and only that: somebody else may have been faster.
for await (const version of subscription) {
  if (version === undefined) continue;
  const { discount } = JSON.parse(version.content);
  if (discount >= 7) break;
  await config.publish('shop.json', 'SHOP', JSON.stringify({ discount: discount + 1 }), {
    casMd5: version.md5,
  });
}

await config.remove('shop.json', 'SHOP');
await client.close();
