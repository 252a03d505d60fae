// Koa with one line for Nacos. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import Koa from 'koa';
import { nacosServing } from 'nacos-serving/koa';

const app = new Koa();

// First of all, so that the health route asks for no login.
app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));

app.use((ctx) => {
  ctx.body = { from: 'koa' };
});

const server = app.listen(process.env['PORT'] ?? 3000, () => {
  console.log(`listening on ${server.address().port}`);
});
