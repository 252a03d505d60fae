import { EventSource } from 'eventsource';
import { createFetch } from 'nacos-serving/fetch';

const events = new EventSource('http://orders/today', { fetch: createFetch() });

events.addEventListener('message', ({ data }) => {
  console.log(`eventsource got ${data}`);
  events.close();
});
