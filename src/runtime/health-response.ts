/**
 * Owns how a health answer is written to a request, over HTTP/1 and HTTP/2. Used by the health server and the health route. It never throws:
 * whoever asked may be gone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Default: JSON. */
  readonly type?: string;
  readonly allow?: string;
}

export function answerHttp(
  request: IncomingMessage,
  response: Pick<ServerResponse, 'shouldKeepAlive' | 'writeHead' | 'end'>,
  answer: HttpAnswer,
): void {
  // Who is sent away does not keep a connection to a server that may be about to close.
  if (answer.status >= 400) response.shouldKeepAlive = false;
  response.writeHead(answer.status, headersOf(answer));
  response.end(request.method === 'HEAD' ? undefined : answer.body);
  // Whatever came with it is of no use.
  request.resume();
}

export function answerStream(stream: ServerHttp2Stream, method: string, answer: HttpAnswer): void {
  // Gone before it was answered: then an error of the stream is nobody's.
  stream.on('error', () => undefined);
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': answer.status, ...headersOf(answer) });
  stream.end(method === 'HEAD' ? undefined : answer.body);
  stream.resume();
}

function headersOf({ body, type, allow }: HttpAnswer): Readonly<Record<string, string | number>> {
  return {
    'content-type': type ?? 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(allow === undefined ? {} : { allow }),
  };
}

/** Without its query. */
export function pathOf(url = ''): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}
