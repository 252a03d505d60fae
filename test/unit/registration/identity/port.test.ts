import { Server } from 'node:net';

import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../../src/process-hub.js';
import {
  chooseServer,
  decidePort,
  judgeServers,
  isBetter,
  isCertain,
  type PortHints,
} from '../../../../src/registration/identity/port.js';

function on(host: string, port: number): ListeningServer {
  return { server: new Server(), local: undefined, scheme: 'http', host, port };
}

const MAIN = on('::', 8080);
const ADMIN = on('127.0.0.1', 9090);
const METRICS = on('0.0.0.0', 9100);

describe('the port', () => {
  it.each<[string, PortHints, number, string]>([
    ['is the one bound', {}, 8080, 'as bound'],
    ['is the one given', { explicit: 8080 }, 8080, 'as given (service.port)'],
    [
      'given for a mapped port says what the server has',
      { explicit: 80 },
      80,
      'as given (service.port); the server itself is bound to 8080',
    ],
    [
      'is the advertised one',
      { advertised: 30080 },
      30080,
      'as advertised (service.advertised_port); the server itself is bound to 8080',
    ],
    [
      'is the advertised one of the server which service.port names',
      { explicit: 8080, advertised: 30080 },
      30080,
      'as advertised (service.advertised_port); the server itself is bound to 8080',
    ],
    [
      'is the given one, where both are meant to come from outside',
      { explicit: 80, advertised: 30080 },
      80,
      'as given (service.port); the server itself is bound to 8080',
    ],
    ['is never the variable PORT by itself', { environment: 3000 }, 8080, 'as bound'],
  ])('%s', (_, hints, port, because) => {
    expect(decidePort(8080, hints)).toEqual({ port, because });
  });
});

describe('of several servers', () => {
  it.each<[string, readonly ListeningServer[], PortHints, ListeningServer, RegExp]>([
    ['the only one is the service', [ADMIN], {}, ADMIN, /only one/],
    ['the one that others can reach', [ADMIN, MAIN], {}, MAIN, /others can reach/],
    ['the one with the given port', [MAIN, METRICS], { explicit: 9100 }, METRICS, /given/],
    [
      'the given port counts before everything',
      [MAIN, ADMIN],
      { explicit: 9090 },
      ADMIN,
      /service\.port/,
    ],
    [
      'the one with the port of PORT',
      [METRICS, MAIN],
      { environment: 8080 },
      MAIN,
      /variable PORT/,
    ],
    [
      'a reachable one counts before PORT',
      [ADMIN, MAIN],
      { environment: 9090 },
      MAIN,
      /others can reach/,
    ],
    ['the first where nothing tells them apart', [MAIN, METRICS], {}, MAIN, /first/],
    [
      'a given port that none has changes nothing',
      [ADMIN, METRICS, MAIN],
      { explicit: 80 },
      METRICS,
      /others can reach/,
    ],
  ])('%s', (_, servers, hints, chosen, because) => {
    const choice = chooseServer(servers, hints);
    expect(choice?.server).toBe(chosen);
    expect(choice?.because).toMatch(because);
  });

  it.each<[string, readonly ListeningServer[], ListeningServer, PortHints, readonly string[]]>([
    ['the only one', [MAIN], MAIN, {}, ['+ it is the only one']],
    [
      'those on loopback and those that came later',
      [ADMIN, MAIN, METRICS],
      MAIN,
      {},
      [
        '- only this machine can reach it',
        '+ others can reach it',
        '- another one was there before',
      ],
    ],
    [
      'the one that service.port names',
      [MAIN, METRICS],
      METRICS,
      { explicit: 9100 },
      ['- service.port names another one', '+ it has the port that is given (service.port)'],
    ],
    [
      'the one that PORT names',
      [METRICS, MAIN],
      MAIN,
      { environment: 8080 },
      ['- the variable PORT names another one', '+ it has the port of the variable PORT'],
    ],
  ])('each has a verdict: %s', (_, servers, chosen, hints, expected) => {
    const verdicts = judgeServers(servers, chosen, hints);
    expect(verdicts.map(({ server }) => server)).toEqual(servers);
    expect(verdicts.map(({ taken, why }) => `${taken ? '+' : '-'} ${why}`)).toEqual(expected);
  });

  it('none is chosen out of none', () => {
    expect(chooseServer([], {})).toBeUndefined();
  });

  it('a later one is never better by the order alone', () => {
    expect(isBetter(METRICS, MAIN, {})).toBe(false);
    expect(isBetter(MAIN, ADMIN, {})).toBe(true);
  });

  it.each<[string, ListeningServer, PortHints, boolean]>([
    ['a reachable one without hints', MAIN, {}, true],
    ['one on loopback', ADMIN, {}, false],
    ['one with another port than PORT', METRICS, { environment: 8080 }, false],
    ['one with the port of PORT', MAIN, { environment: 8080 }, true],
    ['one with another port than the given one', METRICS, { explicit: 8080 }, false],
    ['one with the given port, whatever PORT says', MAIN, { explicit: 8080, environment: 1 }, true],
  ])('%s: is it worth to wait for more?', (_, server, hints, certain) => {
    expect(isCertain(server, hints)).toBe(certain);
  });
});
