/**
 * Owns the default ports of a child process: `node --require default-ports.cjs` has every connection to port 80 end at CAPTURE_PORT of this machine,
 * and to port 443 at CAPTURE_TLS_PORT, whatever the host; names are looked up as ever, and all are this machine. It is below Node's own connect and
 * lookup, so apps and hooks see nothing of it. `globalThis.dialled` tells what was looked up and connected to.
 */
const dns = require('node:dns');
const net = require('node:net');

const PORTS = { 80: Number(process.env.CAPTURE_PORT), 443: Number(process.env.CAPTURE_TLS_PORT) };
const dialled = [];
globalThis.dialled = dialled;

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  // Node's own callers hand on a list that they have read already; others an object.
  const isRead = Array.isArray(args[0]);
  const options = isRead ? args[0][0] : args[0];
  const port = PORTS[options?.port];
  if (port === undefined) return connect.apply(this, args);
  const host = options.host ?? 'localhost';
  dialled.push(`${host} ${String(options.port)}`);
  const moved = { ...options, port, host: net.isIP(host) === 0 ? host : '127.0.0.1' };
  if (isRead) args[0][0] = moved;
  else args[0] = moved;
  return connect.apply(this, args);
};

dns.lookup = function (host, options, done = options) {
  dialled.push(`lookup ${host}`);
  if (options?.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};
