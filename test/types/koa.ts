/** Owns the proof, by the compiler alone, that the middleware fits Koa, also one with a state and a context of its own. */
import Koa from 'koa';

import { nacosServing } from '../../src/adapters/koa.js';

new Koa().use(nacosServing());
new Koa<{ user: string }, { requestId: string }>().use(
  nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }),
);

// @ts-expect-error a path is a text
nacosServing({ health: { path: 1 } });
