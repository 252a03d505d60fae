/** Owns the proof, by the compiler alone, that the middleware fits Hono, also one with variables of its own. */
import { Hono } from 'hono';

import { nacosServing } from '../../src/adapters/hono.js';

new Hono().use(nacosServing());
new Hono<{ Variables: { user: string } }>()
  .use(nacosServing({ health: { path: '/health' } }))
  .use('/api/*', nacosServing())
  .get('/', (c) => c.text(c.get('user')));

// @ts-expect-error a path is a text
nacosServing({ health: { path: 1 } });
