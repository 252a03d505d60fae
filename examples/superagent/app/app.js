import { discovery } from 'nacos-serving/superagent';
import superagent from 'superagent';

const { body } = await superagent.get('http://orders/today').use(discovery());
console.log(`superagent got ${body.text}`);
