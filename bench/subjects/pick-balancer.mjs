/**
 * Picks with one of the balancers of nacos-serving: `pick-balancer.mjs DIST BALANCER SERVER SERVICE...`. Started by pick.mjs. What is
 * timed is a pick and the end of the attempt that was picked 32 picks before, so that there is something to balance.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { measurePicks } = createRequire(import.meta.url)('./pick-times.cjs');
const [dist, balancer, server, ...services] = process.argv.slice(2);
const { balancerByName, createClient, createDiscovery } = await import(
  pathToFileURL(path.join(dist, 'index.js')).href
);
const IN_FLIGHT = 32;
/** Each call has one of as many keys. */
const KEYS = 1024;

const { calls } = createDiscovery({
  naming: createClient({ server }).naming,
  balancer: balancerByName(balancer, { hashKey: { kind: 'header', name: 'x-user' } }),
});
const infos = Array.from({ length: KEYS }, (_, key) => ({
  method: 'GET',
  path: '/items?page=1',
  isReplayable: true,
  header: (name) => (name === 'x-user' ? `user-${key}` : undefined),
}));
const ended = [5, 7, 20].map((tookMs) => ({ outcome: 'answered', status: 200, tookMs }));

await measurePicks(services, async (service) => {
  const underWay = [];
  for (let place = 0; place < IN_FLIGHT; place += 1) {
    underWay.push(await calls.resolve(service, infos[place]));
  }
  let count = 0;
  return () => {
    count += 1;
    const place = count % IN_FLIGHT;
    const target = calls.pickNow(service, infos[count % KEYS]);
    calls.settle(underWay[place], ended[count % 3]);
    underWay[place] = target;
    return target;
  };
});
