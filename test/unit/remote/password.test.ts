/** When a client logs in, at which server, and what it does with a token that is old or refused. */
import { describe, expect, it } from 'vitest';

import { AuthError, ConnectionError } from '../../../src/errors.js';
import { createLogger } from '../../../src/logger.js';
import type { Login, LoginServer } from '../../../src/remote/auth/login.js';
import { createPasswordCredentials } from '../../../src/remote/auth/password.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';

const SERVERS = [
  { host: '10.0.0.1', port: 8848 },
  { host: '10.0.0.2', port: 8848 },
];
const SCOPE = { module: 'naming', namespace: 'public', group: 'g', name: 'orders' } as const;
const BOUNDS = { timeoutMs: 5000 };

function setUp(login: (server: LoginServer, count: number) => string | Error = (_, n) => `t${n}`) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const log: string[] = [];
  /** Asked for one after the other. */
  const password: string[] = [];
  const passwords: string[] = [];
  const scripted: Login = (server, request) => {
    asked.push(server.host);
    passwords.push(request.password);
    const answer = login(server, asked.length);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ accessToken: answer, lifetimeMs: 100_000 });
  };
  const credentials = createPasswordCredentials({
    username: 'ann',
    password: () => password.shift() ?? 'wonderland',
    servers: () => SERVERS,
    login: scripted,
    clock,
    logger: createLogger({ level: 'debug', write: (line) => log.push(line) }),
  });
  return { clock, asked, log, credentials, password, passwords };
}

describe('a login with user and password', () => {
  it('is made at the first request, once for all who wait, and used without waiting from then on', async () => {
    const { credentials, asked } = setUp();
    expect(credentials.current(SCOPE)).toBeUndefined();
    const both = await Promise.all([
      credentials.obtain(SCOPE, BOUNDS),
      credentials.obtain(SCOPE, BOUNDS),
    ]);
    expect(both).toEqual([{ accessToken: 't1' }, { accessToken: 't1' }]);
    expect(credentials.current(SCOPE)).toEqual({ accessToken: 't1' });
    expect(asked).toEqual(['10.0.0.1']);
  });

  it('is renewed in the background in the last tenth of its life, while the old token is used', async () => {
    const { credentials, asked, clock } = setUp();
    await credentials.obtain(SCOPE, BOUNDS);
    await clock.advance(89_000);
    expect(credentials.current(SCOPE)).toEqual({ accessToken: 't1' });
    expect(asked).toHaveLength(1);
    await clock.advance(5000);
    expect(credentials.current(SCOPE)).toEqual({ accessToken: 't1' });
    await settle();
    expect(credentials.current(SCOPE)).toEqual({ accessToken: 't2' });
  });

  it('is made anew when its life is over', async () => {
    const { credentials, clock } = setUp();
    await credentials.obtain(SCOPE, BOUNDS);
    await clock.advance(100_000);
    expect(credentials.current(SCOPE)).toBeUndefined();
    expect(await credentials.obtain(SCOPE, BOUNDS)).toEqual({ accessToken: 't2' });
  });

  it('is made anew after the server has refused it, but not for one just made', async () => {
    const { credentials, clock } = setUp();
    const first = await credentials.obtain(SCOPE, BOUNDS);
    expect(credentials.refuse(first)).toBe(false);
    expect(credentials.current(SCOPE)).toBe(first);
    await clock.advance(1000);
    expect(credentials.refuse(first)).toBe(true);
    expect(credentials.current(SCOPE)).toBeUndefined();
  });

  it('is not made twice when several requests were refused with the same token', async () => {
    const { credentials, asked, clock } = setUp();
    const first = await credentials.obtain(SCOPE, BOUNDS);
    await clock.advance(1000);
    expect(credentials.refuse(first)).toBe(true);
    const second = await credentials.obtain(SCOPE, BOUNDS);
    // The answer to the other request comes only now: there is a token that it has not tried.
    expect(credentials.refuse(first)).toBe(true);
    expect(credentials.current(SCOPE)).toBe(second);
    expect(asked).toHaveLength(2);
  });

  it('asks for the password at each login, since a file or a vault may hold another one', async () => {
    const { credentials, password, passwords, clock } = setUp();
    password.push('monday', 'tuesday');
    await credentials.obtain(SCOPE, BOUNDS);
    await clock.advance(100_000);
    await credentials.obtain(SCOPE, BOUNDS);
    expect(passwords).toEqual(['monday', 'tuesday']);
  });

  it('fails with a code of its own while there is no password, and says so once', async () => {
    const { credentials, password, log, asked } = setUp();
    password.push('', '');
    for (let count = 1; count <= 2; count += 1) {
      await expect(credentials.obtain(SCOPE, BOUNDS)).rejects.toMatchObject({
        code: 'CREDENTIALS_UNAVAILABLE',
      });
    }
    expect(asked).toEqual([]);
    expect(log.filter((line) => line.includes('the password of user ann'))).toHaveLength(1);
    await credentials.obtain(SCOPE, BOUNDS);
    expect(log.at(-1)).toContain('logged in to Nacos as ann');
  });

  it('goes to the next server when one does not answer, and stays with the one that did', async () => {
    const { credentials, asked, clock } = setUp((server, n) =>
      server.host === '10.0.0.1' ? new ConnectionError('CONNECT_FAILED', 'refused') : `t${n}`,
    );
    expect(await credentials.obtain(SCOPE, BOUNDS)).toEqual({ accessToken: 't2' });
    await clock.advance(100_000);
    await credentials.obtain(SCOPE, BOUNDS);
    expect(asked).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.2']);
  });

  it('says once that the user is not accepted, without the password, and when it is again', async () => {
    const { credentials, asked, log, clock } = setUp((_, n) =>
      n < 3 ? new AuthError('Nacos does not accept user ann with this password') : `t${n}`,
    );
    await expect(credentials.obtain(SCOPE, BOUNDS)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(credentials.obtain(SCOPE, BOUNDS)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await clock.advance(1);
    await credentials.obtain(SCOPE, BOUNDS);
    expect(asked).toHaveLength(3);
    expect(log.filter((line) => line.includes('does not accept'))).toHaveLength(1);
    expect(log.at(-1)).toContain('logged in to Nacos as ann');
    expect(log.join('')).not.toContain('wonderland');
  });
});
