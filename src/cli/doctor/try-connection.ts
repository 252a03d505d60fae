/** Owns one attempt to open a TCP connection, which is closed at once. Used by the checks of the doctor. */
import { connect } from 'node:net';

/** Why it failed; undefined: it is open. Never rejects. */
export function tryConnection(
  host: string,
  port: number,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer: packets are dropped, as by a firewall'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(reason(error)));
  });
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'refused (ECONNREFUSED): nothing listens there';
  return error.code ?? error.message;
}
