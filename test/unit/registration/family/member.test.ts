import { createServer } from 'node:http';

import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../../src/process-hub.js';
import type { BoundedHold, ToChief } from '../../../../src/registration/family/contract.js';
import { createMember } from '../../../../src/registration/family/member.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';

function aServer(port = 8080): ListeningServer {
  const local = createServer();
  return { server: local, local, scheme: 'http', host: '::', port };
}

function aMember(kind: 'process' | 'thread' = 'process', handled = false) {
  const clock = createFakeClock();
  const sent: ToChief[] = [];
  const said: string[] = [];
  let hold: BoundedHold | undefined;
  const member = createMember({
    clock,
    askedInTime: true,
    above: { kind, send: (message) => sent.push(message) },
    hasHandlers: () => handled,
    watchFirstRequest: (run) => {
      said.push('watches requests');
      return { add: run };
    },
    setHold: (now) => {
      hold = now;
    },
    drainBelow: () => Promise.resolve(),
    host: {
      load: () => said.push('load'),
      serverUp: ({ port }) => said.push(`up ${String(port)}`),
      serverDown: ({ port }) => said.push(`down ${String(port)}`),
      serverClosing: () => undefined,
    },
  });
  return { member, clock, sent, said, hold: () => hold };
}

describe('a member whose chief answers', () => {
  it('hands over its servers, also those from before the answer', () => {
    const { member, sent, said } = aMember();
    const [one, two] = [aServer(1), aServer(2)];
    member.serverUp(one);
    member.receive({ kind: 'welcome' });
    member.serverUp(two);
    member.serverDown(one);
    expect(sent.filter(({ kind }) => kind !== 'request')).toEqual([
      { kind: 'up', id: 1, scheme: 'http', host: '::', port: 1, side: undefined },
      { kind: 'up', id: 2, scheme: 'http', host: '::', port: 2, side: undefined },
      { kind: 'down', id: 1 },
    ]);
    expect(said).toEqual(['watches requests']);
  });

  it('is led for ever', async () => {
    const { member, clock, said } = aMember();
    member.serverUp(aServer());
    member.receive({ kind: 'welcome' });
    await clock.advance(60_000);
    expect(said).toEqual(['watches requests']);
  });

  it('closes a server when the chief says so, or after its time and a little more', async () => {
    const { member, clock, sent } = aMember();
    const server = aServer();
    member.serverUp(server);
    member.receive({ kind: 'welcome' });
    member.receive({ kind: 'hold', on: true, timeoutMs: 5000 });
    let closed = 0;
    const close = (): void => void member.serverClosing(server)?.then(() => (closed += 1));
    close();
    const first = sent.at(-1);
    expect(first).toEqual({ kind: 'closing', id: 1, ask: 2 });
    member.receive({ kind: 'answer', ask: 2 });
    await clock.advance(0);
    expect(closed).toBe(1);
    close();
    await clock.advance(6999);
    expect(closed).toBe(1);
    await clock.advance(1);
    expect(closed).toBe(2);
  });

  it('holds signals while it is told to', async () => {
    const { member, clock, sent, hold } = aMember('process', true);
    member.receive({ kind: 'welcome' });
    expect(hold()).toBeUndefined();
    member.receive({ kind: 'hold', on: true, timeoutMs: 5000 });
    let left = false;
    void hold()
      ?.leave('SIGTERM')
      .then(() => {
        left = true;
      });
    expect(sent.at(-1)).toEqual({ kind: 'leaving', ask: 1, handled: true });
    await clock.advance(0);
    expect(left).toBe(false);
    member.receive({ kind: 'answer', ask: 1 });
    await clock.advance(0);
    expect(left).toBe(true);
    member.receive({ kind: 'hold', on: false, timeoutMs: 5000 });
    expect(hold()).toBeUndefined();
  });

  it('does not drain for an app with handlers, and says so at once', async () => {
    const { member, clock, sent } = aMember('process', true);
    member.receive({ kind: 'welcome' });
    member.receive({ kind: 'drain', ask: 9, signal: 'SIGTERM', timeoutMs: 1000 });
    await clock.advance(0);
    expect(sent.at(-1)).toEqual({ kind: 'answer', ask: 9 });
  });

  it('gives a server back that code registers here', () => {
    const { member, sent, said } = aMember();
    const server = aServer();
    member.serverUp(server);
    member.receive({ kind: 'welcome' });
    member.keep(server.server);
    expect(sent.at(-1)).toEqual({ kind: 'down', id: 1 });
    expect(said).toEqual(['watches requests', 'up 8080']);
  });
});

describe('a member whose chief does not answer', () => {
  it.each([
    ['process', 1000],
    ['thread', 1500],
  ] as const)('registers by itself: %s after %i ms, for ever', async (kind, ms) => {
    const { member, clock, sent, said } = aMember(kind);
    const [server, gone] = [aServer(1), aServer(2)];
    member.serverUp(server);
    member.serverUp(gone);
    member.serverDown(gone);
    await clock.advance(ms - 1);
    expect(said).toEqual([]);
    await clock.advance(1);
    expect(said).toEqual(['load', 'up 1']);
    member.receive({ kind: 'welcome' });
    member.serverDown(server);
    expect(said).toEqual(['load', 'up 1', 'down 1']);
    expect(sent).toEqual([]);
  });

  it('does not wait when the answer would have come before the server was up', async () => {
    const { member, clock, said } = aMember();
    const server = aServer();
    // As Node has it where the primary takes the connections.
    Reflect.set(server.server, '_handle', {});
    member.serverUp(server);
    await clock.advance(20);
    expect(said).toEqual(['load', 'up 8080']);
  });
});
