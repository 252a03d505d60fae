/** Owns the proof, by the compiler alone, that the middleware fits Express and what else takes Connect middleware. */
import { createServer } from 'node:http';

import express from 'express';

import { nacosServing, type RegisterOptions } from '../../src/adapters/express.js';

const options: RegisterOptions = {
  service: { name: 'orders', weight: 2 },
  health: { path: '/health' },
};

const app = express();
app.use(nacosServing());
app.use(nacosServing(options));
app.use('/internal', nacosServing(options));
app.get('/one', nacosServing(), (_request, response) => {
  response.json({});
});
express.Router().use(nacosServing(options));

const middleware = nacosServing();
createServer((request, response) => middleware(request, response, () => response.end()));

// @ts-expect-error a weight is a number
nacosServing({ service: { weight: '2' } });
// @ts-expect-error there is no such option
nacosServing({ servce: {} });
