// Express with one line for Nacos. Start a server with `npx nacos-serving dev`, then this with `npm start`.
import express from 'express';
import { nacosServing } from 'nacos-serving/express';

const app = express();

// First of all, so that the health route asks for no login.
app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));

app.get('/hello', (_request, response) => {
  response.json({ from: 'express' });
});

const server = app.listen(process.env['PORT'] ?? 3000, () => {
  console.log(`listening on ${server.address().port}`);
});
