import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../../src/process-hub.js';
import { createChief } from '../../../../src/registration/family/chief.js';
import type { Below, ToMember } from '../../../../src/registration/family/contract.js';
import { createDeferred, type Deferred } from '../../../../src/util/deferred.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';

const AT = { scheme: 'http', host: '::', side: undefined } as const;
const PORT = 8080;

interface FakeMember extends Below {
  readonly got: ToMember[];
}

function aMember(): FakeMember {
  const got: ToMember[] = [];
  return { got, send: (message) => got.push(message) };
}

/** A chief whose hub says what it hears; `outs` are the ends of what it is taking out. */
function aFamily() {
  const clock = createFakeClock();
  const said: string[] = [];
  const outs: Deferred<void>[] = [];
  let leaving: Promise<void> | undefined;
  const place = ({ port }: ListeningServer): string => String(port);
  const chief = createChief({
    clock,
    leaving: () => leaving,
    requestSeen: () => said.push('request'),
    hub: {
      serverUp: (server) => said.push(`up ${place(server)}`),
      serverDown: (server) => said.push(`down ${place(server)}`),
      serverClosing: (server) => {
        said.push(`closing ${place(server)}`);
        const out = createDeferred<void>();
        outs.push(out);
        return out.promise;
      },
    },
  });
  const up = (member: Below, id = 1, port = PORT): void => {
    chief.receive(member, { kind: 'up', id, ...AT, port });
  };
  return {
    chief,
    clock,
    said,
    up,
    /** The hub has taken out what it was told last. */
    async out(): Promise<void> {
      outs.shift()?.resolve();
      await clock.advance(0);
    },
    leave(promise: Promise<void>): void {
      leaving = promise;
      chief.leaveBegins();
    },
  };
}

const answers = ({ got }: FakeMember) => got.filter(({ kind }) => kind === 'answer');

describe('the servers of members', () => {
  it('are one server for each address, however many listen on it', () => {
    const { chief, said, up } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    up(two, 2, 9090);
    chief.receive(one, { kind: 'down', id: 1 });
    expect(said).toEqual(['up 8080', 'up 9090']);
    chief.gone(two);
    expect(said).toEqual(['up 8080', 'up 9090', 'down 8080', 'down 9090']);
  });

  it('are down once, by whatever way a member ends', () => {
    const { chief, said, up } = aFamily();
    const one = aMember();
    up(one);
    chief.receive(one, { kind: 'down', id: 1 });
    chief.gone(one);
    chief.gone(one);
    expect(said).toEqual(['up 8080', 'down 8080']);
  });

  it('are not touched by a member that closes one while others serve', async () => {
    const { chief, clock, said, up } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    chief.receive(one, { kind: 'closing', id: 1, ask: 7 });
    await clock.advance(0);
    expect(answers(one)).toEqual([{ kind: 'answer', ask: 7 }]);
    expect(said).toEqual(['up 8080']);
  });

  it('are taken out before the last member closes', async () => {
    const { chief, clock, said, up, out } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    chief.receive(one, { kind: 'closing', id: 1, ask: 1 });
    chief.receive(two, { kind: 'closing', id: 1, ask: 2 });
    await clock.advance(0);
    expect(said).toEqual(['up 8080', 'closing 8080']);
    expect(answers(two)).toEqual([]);
    await out();
    expect(answers(two)).toEqual([{ kind: 'answer', ask: 2 }]);
    expect(said).toEqual(['up 8080', 'closing 8080', 'down 8080']);
    chief.receive(two, { kind: 'down', id: 1 });
    expect(said).toHaveLength(3);
  });

  it('that come up while the last one is on its way out are shown after that', async () => {
    const { chief, clock, said, up, out } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    chief.receive(one, { kind: 'closing', id: 1, ask: 1 });
    up(two);
    await clock.advance(0);
    expect(said).toEqual(['up 8080', 'closing 8080']);
    await out();
    expect(said).toEqual(['up 8080', 'closing 8080', 'down 8080', 'up 8080']);
  });

  it('are taken out before the last member is disconnected, and that is told', async () => {
    const { chief, said, up, out } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    expect(chief.disconnecting(one)).toBeUndefined();
    const waited = chief.disconnecting(two);
    expect(waited).toBeInstanceOf(Promise);
    await out();
    await waited;
    expect(said).toEqual(['up 8080', 'closing 8080', 'down 8080']);
  });
});

describe('a signal in a member', () => {
  it('goes on after a short wait while others serve', async () => {
    const { chief, clock, said, up } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    chief.receive(one, { kind: 'leaving', ask: 3, handled: false });
    await clock.advance(99);
    expect(answers(one)).toEqual([]);
    await clock.advance(1);
    expect(answers(one)).toEqual([{ kind: 'answer', ask: 3 }]);
    expect(said).toEqual(['up 8080']);
  });

  it('in all of them takes their server out first', async () => {
    const { chief, clock, said, up, out } = aFamily();
    const [one, two] = [aMember(), aMember()];
    up(one);
    up(two);
    chief.receive(one, { kind: 'leaving', ask: 1, handled: false });
    chief.receive(two, { kind: 'leaving', ask: 1, handled: false });
    await clock.advance(100);
    expect(said).toEqual(['up 8080', 'closing 8080']);
    expect([...answers(one), ...answers(two)]).toEqual([]);
    await out();
    expect([answers(one), answers(two)]).toEqual([
      [{ kind: 'answer', ask: 1 }],
      [{ kind: 'answer', ask: 1 }],
    ]);
  });

  it('waits for the chief that got one as well, and for its handlers', async () => {
    const { chief, clock, up, leave } = aFamily();
    const [one, handles] = [aMember(), aMember()];
    up(one);
    up(handles);
    chief.receive(one, { kind: 'leaving', ask: 1, handled: false });
    chief.receive(handles, { kind: 'leaving', ask: 1, handled: true });
    const left = createDeferred<void>();
    leave(left.promise);
    await clock.advance(1000);
    expect([...answers(one), ...answers(handles)]).toEqual([]);
    left.resolve();
    await clock.advance(0);
    expect(answers(handles)).toHaveLength(1);
    expect(answers(one)).toEqual([]);
    chief.delivered();
    await clock.advance(0);
    expect(answers(one)).toHaveLength(1);
  });

  it('that did not end it brings back what it took out, 30 s later', async () => {
    const { chief, clock, said, up, out } = aFamily();
    const one = aMember();
    up(one);
    chief.receive(one, { kind: 'leaving', ask: 1, handled: true });
    await clock.advance(100);
    await out();
    expect(said).toEqual(['up 8080', 'closing 8080', 'down 8080']);
    await clock.advance(30_000);
    expect(said.at(-1)).toBe('up 8080');
  });
});

describe('what members are told', () => {
  it('is to hold signals while the chief does, also those that come later', () => {
    const { chief } = aFamily();
    const [one, two] = [aMember(), aMember()];
    chief.receive(one, { kind: 'hello' });
    expect(one.got).toEqual([]);
    const hold = {
      timeoutMs: 5000,
      leave: () => Promise.resolve(),
      drain: () => Promise.resolve(),
      delivered: () => undefined,
    };
    chief.setHold(hold);
    chief.receive(two, { kind: 'hello' });
    chief.setHold(undefined);
    expect(one.got.map((message) => message.kind === 'hold' && message.on)).toEqual([true, false]);
    expect(two.got[0]).toEqual({ kind: 'hold', on: true, timeoutMs: 5000 });
  });

  it('is to drain within what is left of the time, and one that is gone is not waited for', async () => {
    const { chief, clock, leave } = aFamily();
    const [one, two, hangs] = [aMember(), aMember(), aMember()];
    for (const member of [one, two, hangs]) chief.receive(member, { kind: 'hello' });
    leave(Promise.resolve());
    await clock.advance(4000);
    let drained = false;
    void chief.drain('SIGTERM').then(() => {
      drained = true;
    });
    expect(one.got.at(-1)).toEqual({ kind: 'drain', ask: 1, signal: 'SIGTERM', timeoutMs: 6000 });
    chief.receive(one, { kind: 'answer', ask: 1 });
    chief.gone(two);
    await clock.advance(5999);
    expect(drained).toBe(false);
    await clock.advance(1);
    expect(drained).toBe(true);
  });

  it('is nothing about the first request: that is told to the hub', () => {
    const { chief, said } = aFamily();
    chief.receive(aMember(), { kind: 'request' });
    expect(said).toEqual(['request']);
  });
});
