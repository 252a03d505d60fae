/**
 * Owns the login of the HTTP side: the path of Nacos 3 and the two older ones, with user and password in the form or in the query. Source:
 * docs/protocol.md#login (Nacos `UserControllerV3`, `UserController`).
 */
import type { Tokens } from '../tokens.js';
import type { HttpAnswer, HttpQuery, HttpRoutes } from './router.js';

const REFUSED = 'User not found! Please check user exist or password is right!';

export function loginRoutes(tokens: Tokens): HttpRoutes {
  const route = (query: HttpQuery): HttpAnswer => {
    const username = query('username');
    const issued = tokens.logIn(username, query('password'));
    if (issued === undefined) return { status: 403, body: REFUSED };
    return {
      status: 200,
      headers: { Authorization: `Bearer ${issued.accessToken}` },
      body: { ...issued, globalAdmin: true, username },
    };
  };
  return new Map([
    ['/nacos/v3/auth/user/login', route],
    ['/nacos/v1/auth/users/login', route],
    ['/nacos/v1/auth/login', route],
  ]);
}
