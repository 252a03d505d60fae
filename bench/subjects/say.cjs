/**
 * Owns how a subject talks to the bench that started it: one JSON line on descriptor 3, written at once. Loaded by every
 * subject. The time stamp is comparable with that of lib/time.mjs.
 */
'use strict';

const { writeSync } = require('node:fs');

function nowMs() {
  return performance.timeOrigin + performance.now();
}

function say(event, facts = {}) {
  writeSync(3, `${JSON.stringify({ event, atMs: nowMs(), ...facts })}\n`);
}

module.exports = { nowMs, say };
