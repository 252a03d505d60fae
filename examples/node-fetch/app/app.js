import { createAgent } from 'nacos-serving/http';
import fetch from 'node-fetch';

const agent = createAgent();

const response = await fetch('http://orders/today', { agent });
const { text } = await response.json();
console.log(`node-fetch got ${text}`);
