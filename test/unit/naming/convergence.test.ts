import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { errorResponse, typedFailure, type Answer } from '../../helpers/fake-transport.js';
import { aSession } from '../../helpers/session-fixture.js';

/** One thing that a user does, or that happens to the network or the server. */
type Step =
  | { readonly do: 'register'; readonly service: string; readonly port: number; weight: number }
  | { readonly do: 'deregister'; readonly service: string; readonly port: number }
  | { readonly do: 'batch'; readonly service: string; readonly ports: readonly number[] }
  | { readonly do: 'follow' | 'unfollow'; readonly service: string }
  | { readonly do: 'drop' | 'move' }
  | { readonly do: 'reachable'; readonly on: boolean }
  | { readonly do: 'trouble'; readonly kind: Trouble }
  | { readonly do: 'wait'; readonly ms: number };

/** How the server treats naming requests from now on. `late` ones are carried out, but the answer is lost. */
type Trouble = 'none' | 'silent' | 'late' | 'slow' | 'failing' | 'limited' | 'unregistered';

const IP = '10.1.1.1';
const service = fc.constantFrom('a', 'b');
const port = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('register' as const),
      service,
      port,
      weight: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deregister' as const), service, port }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      service,
      ports: fc.uniqueArray(port),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('follow' as const, 'unfollow' as const), service }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'move' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reachable' as const), on: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      kind: fc.constantFrom<Trouble>(
        'none',
        'silent',
        'late',
        'slow',
        'failing',
        'limited',
        'unregistered',
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 0, 50, 150, 1000, 4000),
    }),
  },
);

async function converges(kind: 'replacing' | 'adding', steps: readonly Step[]): Promise<void> {
  const { naming, server, session, clock, close } = aSession(['a', 'b']);
  const registry = aRegistry(server, kind);
  let trouble: Trouble = 'none';
  const troubled: Answer = (request, connection) => {
    switch (trouble) {
      case 'none':
        return registry.carryOut(request, connection);
      case 'silent':
        return 'hang';
      case 'late':
        registry.carryOut(request, connection);
        return 'hang';
      case 'slow':
        return new Promise((resolve) => {
          clock.after(700, () =>
            resolve(connection.closed ? 'hang' : registry.carryOut(request, connection)),
          );
        });
      case 'failing':
        return errorResponse(500);
      case 'limited':
        return typedFailure(503);
      case 'unregistered':
        return errorResponse(301);
    }
  };
  for (const type of ['InstanceRequest', 'BatchInstanceRequest', 'SubscribeServiceRequest']) {
    server.answers.set(type, troubled);
  }
  const wanted = new Map<string, Map<number, number>>([
    ['a', new Map()],
    ['b', new Map()],
  ]);
  const followed = new Map<string, ReturnType<typeof naming.subscribe>>();
  const ignore = (): undefined => undefined;

  for (const now of steps) {
    switch (now.do) {
      case 'register':
        wanted.get(now.service)?.set(now.port, now.weight);
        naming.register(now.service, { ip: IP, port: now.port, weight: now.weight }).catch(ignore);
        break;
      case 'deregister':
        wanted.get(now.service)?.delete(now.port);
        naming.deregister(now.service, { ip: IP, port: now.port }).catch(ignore);
        break;
      case 'batch':
        wanted.set(now.service, new Map(now.ports.map((p) => [p, 1])));
        naming
          .registerBatch(
            now.service,
            now.ports.map((p) => ({ ip: IP, port: p })),
          )
          .catch(ignore);
        break;
      case 'follow':
        if (!followed.has(now.service)) followed.set(now.service, naming.subscribe(now.service));
        break;
      case 'unfollow':
        followed.get(now.service)?.close().catch(ignore);
        followed.delete(now.service);
        break;
      case 'drop':
        server.open.at(-1)?.drop();
        break;
      case 'move':
        server.open.at(-1)?.push('ConnectResetRequest', { requestId: '1' });
        break;
      case 'reachable':
        server.reachable = now.on;
        break;
      case 'trouble':
        trouble = now.kind;
        break;
      case 'wait':
        await clock.advance(now.ms);
        break;
    }
  }
  session.start();
  trouble = 'none';
  server.reachable = true;
  await clock.advance(10_000);

  for (const [name, instances] of wanted) {
    const rows = registry.instances(name).map((row) => [row['port'], row['weight']]);
    expect(rows.sort(), name).toEqual([...instances].sort());
    expect(registry.subscribers(name).length, name).toBe(followed.has(name) ? 1 : 0);
    expect(followed.get(name)?.state ?? 'live').toBe('live');
    registry.put(name, [aHost('10.2.2.2:9')]);
    registry.push(name);
    const seen = followed.get(name)?.snapshot?.instances.map((i) => i.port);
    if (seen !== undefined) expect(seen.sort()).toEqual([...instances.keys(), 9].sort());
  }
  expect(server.open).toHaveLength(1);
  expect(clock.holding).toBe(0);
  await close();
  await settle();
  expect(clock.pending).toBe(0);
  expect(server.open).toEqual([]);
}

describe('whatever a user does and whatever happens', () => {
  it.each(['replacing', 'adding'] as const)(
    'after 10 s of calm a %s server holds what is wanted, and closing leaves nothing',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) => converges(kind, steps)),
        { numRuns: 150 },
      );
    },
  );
});
