// Hono on Node with one line for Nacos. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { nacosServing } from 'nacos-serving/hono';

const app = new Hono();

// First of all, so that the health route asks for no login.
app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));

app.get('/hello', (c) => c.json({ from: 'hono' }));

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) }, ({ port }) => {
  console.log(`listening on ${port}`);
});
