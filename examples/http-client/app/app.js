import { get } from 'nacos-serving/http';

get('lb://orders/today', async (response) => {
  const { text } = JSON.parse(Buffer.concat(await response.toArray()).toString());
  console.log(`node:http got ${text}`);
}).on('error', (error) => {
  console.error(error);
});
