/**
 * Owns removing what was published for some clients only. Called by the config client. Up to Nacos 2.4 a request names the tag; from 2.5 on it
 * names the gray version, `tag_<tag>` or `beta`, and a version which is not there is an error of the server (seen on 2.5.1 and 3.0.3).
 */
import type { ConfigKey } from '../config-api.js';
import { ServerError } from '../errors.js';
import type { RequestBounds, Session } from '../remote/session.js';
import { CONFIG_REMOVE_REQUEST, configRemoveBody } from '../wire/messages/config.js';

type Requester = Pick<Session, 'request'>;

export const BETA = 'beta';

/** What is not there is no error. @throws what the session throws */
export async function removeTag(
  session: Requester,
  key: ConfigKey,
  tag: string,
  bounds: RequestBounds,
): Promise<void> {
  if (await remove(session, key, tag, bounds)) return;
  await removeGray(session, key, `tag_${tag}`, bounds);
}

/** What is not there is no error. @throws what the session throws */
export async function removeGray(
  session: Requester,
  key: ConfigKey,
  name: string,
  bounds: RequestBounds,
): Promise<void> {
  await remove(session, key, name, bounds);
}

/** False: a server from 2.5 on has no version of this name. */
async function remove(
  session: Requester,
  key: ConfigKey,
  name: string,
  bounds: RequestBounds,
): Promise<boolean> {
  try {
    await session.request(CONFIG_REMOVE_REQUEST, configRemoveBody(key, name), bounds);
    return true;
  } catch (error) {
    if (isNoneThere(error)) return false;
    throw error;
  }
}

/** A null pointer in the server, and nothing else that could be told apart. */
function isNoneThere(error: unknown): boolean {
  return (
    error instanceof ServerError &&
    error.code === 'SERVER_FAILED' &&
    error.errorCode === 0 &&
    /gray/i.test(error.message)
  );
}
