/**
 * Owns what the register subjects have in common: the same instances, the same moments, the same report. Each library puts in its own
 * calls. All registrations are started at once and awaited together; CPU is that of the whole process, native threads included.
 */
'use strict';

const { nowMs, say } = require('./say.cjs');

async function measureRegistration({ count, prefix, mode, ...library }) {
  let ending = false;
  // No library keeps a process alive, and its end would take the registrations along.
  setInterval(() => undefined, 60_000);
  process.once('SIGTERM', () => {
    ending = true;
    void end(library);
  });
  try {
    const beginMs = nowMs();
    await library.connect();
    const readyMs = nowMs();
    const cpuBefore = process.cpuUsage();
    if (mode === 'batch') await library.registerBatch(prefix, instances(count));
    else
      await Promise.all(instances(count).map((one, i) => library.register(`${prefix}-${i}`, one)));
    const doneMs = nowMs();
    const cpu = process.cpuUsage(cpuBefore);
    say('registered', {
      fromReady: doneMs - readyMs,
      withConnect: doneMs - beginMs,
      cpu: (cpu.user + cpu.system) / 1000,
    });
  } catch (error) {
    if (!ending) say('failed', { reason: error.message });
  }
}

function instances(count) {
  return Array.from({ length: count }, (_, i) => ({ ip: '10.11.12.13', port: 20_000 + i }));
}

async function end(library) {
  try {
    await library.cleanUp();
  } catch (error) {
    say('failed', { reason: error.message });
  }
  process.exit(0);
}

module.exports = { measureRegistration };
