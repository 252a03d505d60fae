import { createAgent } from 'nacos-serving/http';
import WebSocket from 'ws';

const socket = new WebSocket('ws://orders/today', { agent: createAgent() });

socket.on('message', (data) => {
  console.log(`ws got ${data}`);
  socket.close();
});
