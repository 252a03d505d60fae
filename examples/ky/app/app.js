import ky from 'ky';
import { withDiscovery } from 'nacos-serving/ky';

const client = ky.extend(withDiscovery());

const { text } = await client('http://orders/today').json();
console.log(`ky got ${text}`);
