/** Owns the server side of a WebSocket, as far as tests need it: it opens, says one text, and ends when anything comes. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT_FRAME = 0x81;
/** Longer texts have their length in two more bytes. */
const MAX_SHORT = 125;

export function openWebSocket(request: IncomingMessage, socket: Duplex, text: string): void {
  const accept = createHash('sha1')
    .update(String(request.headers['sec-websocket-key']) + GUID)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const bytes = Buffer.from(text);
  const length =
    bytes.length <= MAX_SHORT ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
  socket.write(Buffer.concat([Buffer.from([TEXT_FRAME, ...length]), bytes]));
  socket.on('error', () => undefined).on('data', () => socket.end());
}
