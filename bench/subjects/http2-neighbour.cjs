/**
 * A connection over HTTP/2 in the same process, some calls on it and one that stays open: what a connection to Nacos is for everything else in the
 * process, without any of ours. Node's code for streams runs faster as long as all streams of a process are of one kind. Required by a subject;
 * `NEIGHBOUR_PORT` is where an HTTP/2 server is.
 */
'use strict';

const { connect } = require('node:http2');

const CALLS = 60;

const session = connect(`http://127.0.0.1:${process.env.NEIGHBOUR_PORT}`);
session.on('error', () => undefined);
session.unref();

function call(left) {
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.on('error', () => undefined);
  stream.on('data', () => undefined);
  stream.on('end', () => left > 1 && call(left - 1));
  stream.end('hello');
}

call(CALLS);
session.request({ ':method': 'POST', ':path': '/open' }).on('error', () => undefined);
