/**
 * Owns the seam between the config client and whatever asks Nacos' HTTP API. Implemented by `client/http-api.ts` and by the fakes of the
 * tests. Types only.
 */
import type { WaitOptions } from '../naming-api.js';

export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

/**
 * Gets a path, which begins behind the context path (`/v3/admin/…`), with the login of the client in a header. Resolves whatever the status but 403.
 * @throws AuthError, ConnectionError, RequestTimeoutError, the signal's reason
 */
export type HttpGet = (
  path: string,
  query: Readonly<Record<string, string>>,
  bounds: WaitOptions,
) => Promise<HttpReply>;
