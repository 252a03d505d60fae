import axios from 'axios';
import { attachDiscovery } from 'nacos-serving/axios';

const orders = axios.create({ baseURL: 'http://orders' });
attachDiscovery(orders);

const { data } = await orders.get('/today');
console.log(`axios got ${data.text}`);
