/**
 * Owns a process that does nothing but hold a connection of the transport: `node transport-guest.mjs PORT WHAT`. It ends by itself
 * as soon as nothing of it keeps the process, and says on the way what came of its calls.
 */
import { createHttp2Transport } from '../../dist/remote/http2-transport.js';
import { systemClock } from '../../dist/util/clock.js';

const [port, what] = process.argv.slice(2);
const endpoint = { host: '127.0.0.1', port: Number(port), grpcPort: Number(port) };
const message = (type) => ({ type, headers: {}, clientIp: '', body: Buffer.from('{}') });
const say = (label) => (value) => console.log(`${label} ${value.code ?? value.type}`);

async function connect(timeoutMs) {
  const transport = createHttp2Transport(systemClock);
  return transport.connect(endpoint, { timeoutMs, signal: new AbortController().signal });
}

process.on('exit', () => console.log('exit'));
if (what === 'blackhole') {
  await connect(300).then(say('connected'), say('failed'));
} else {
  const connection = await connect(20_000);
  connection.openStream((payload) => console.log(`push ${payload.type}`));
  connection.send(message('Setup'));
  // The server has seen the stream before anything ends.
  await connection
    .unary(message('Ready'), { timeoutMs: 20_000, holdsProcess: true })
    .then(say('answer'), say('failure'));
  if (what === 'user' || what === 'background') {
    const bounds = { timeoutMs: 3_600_000, holdsProcess: what === 'user' };
    connection.unary(message('Slow'), bounds).then(say('answer'), say('failure'));
    // It does not hold the process itself, so it comes only where something else does.
    systemClock.after(100, () => console.log('still here'));
  }
  if (what === 'timeout') {
    const bounds = { timeoutMs: 100, holdsProcess: true };
    connection.unary(message('Never'), bounds).then(say('answer'), say('failure'));
  }
  if (what === 'closed') connection.close();
}
