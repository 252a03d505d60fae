import got from 'got';
import { withDiscovery } from 'nacos-serving/got';

const client = got.extend(withDiscovery());

const { text } = await client('http://orders/today').json();
console.log(`got got ${text}`);
