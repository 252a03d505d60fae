// A plain Express app. It knows nothing of Nacos: the CLI that starts it registers the port which it opens.
import express from 'express';

const name = process.env['PROVIDER_NAME'] ?? `process ${process.pid}`;
const app = express();

app.get('/hello', (_request, response) => {
  response.json({ from: name, port: server.address().port });
});

const server = app.listen(0, () => {
  console.log(`${name} listens on port ${server.address().port}`);
});
