/**
 * Owns the runtime that process tests put in place of ours: the real registrar and shutdown over a registry that is scripted here.
 * It says each step on stdout, in lines that start with `#`. STUB is an object: `state` of the connection, `quietTimeMs`,
 * `latencyMs` of the registry, `fail` to make the start fail, `read` to take the servers from the hub as well, `graceful: false` to
 * hold nothing, `pm2` for its short bound, `staysMs` after which an app that handles a signal comes back.
 */
import { writeSync } from 'node:fs';

import { createRegistrar } from '../registration/registrar.js';
import { createShutdown } from '../registration/shutdown.js';
import { systemClock } from '../util/clock.js';

const script = {
  state: 'ready',
  quietTimeMs: 50,
  latencyMs: 20,
  ...JSON.parse(process.env.STUB ?? '{}'),
};
const say = (line) => writeSync(1, `# ${line}\n`);
const latency = () => new Promise((resolve) => setTimeout(resolve, script.latencyMs));
const logger = { debug() {}, info() {}, warn: say, error: say };

const naming = {
  connectionState: script.state,
  onConnectionState: () => () => undefined,
  async register(service, { ip, port, metadata }) {
    await latency();
    say(`registered ${service.name} ${ip}:${port} ${JSON.stringify(metadata)}`);
  },
  async deregister(service, { ip, port }) {
    say(`deregister ${ip}:${port}`);
    await latency();
  },
};

export function startProcessRuntime(hub, around) {
  say(`started with ${Object.keys(around).join()}`);
  if (script.fail !== undefined) throw new Error(script.fail);
  const registrar = createRegistrar({
    naming,
    clock: systemClock,
    logger,
    registry: [{ host: '127.0.0.1', port: 8848 }],
    name: () => ({ name: 'orders', because: 'as given' }),
    address: async () => ({ ip: '10.0.0.5', because: 'as given', candidates: [] }),
    port: { environment: Number(around.env.PORT) },
  });
  const shutdown = createShutdown({
    registrar,
    closeClient: async () => say('client closed'),
    clock: systemClock,
    logger,
    timeoutMs: 200_000,
    quietTimeMs: script.quietTimeMs,
    pm2: script.pm2 === true,
    staysMs: script.staysMs,
  });
  const graceful = script.graceful !== false;
  registrar.onActive((active) => hub.setSignalHold(active && graceful ? shutdown : undefined));
  const serverUp = (server) => {
    shutdown.serverUp(server);
    registrar.serverUp(server);
  };
  if (script.read === true) for (const server of hub.servers.values()) serverUp(server);
  return {
    calls: { pickNow: () => null, resolve: async () => null, pickOther: () => undefined },
    serverUp(server) {
      say(`up ${server.scheme} ${server.host} ${server.port}`);
      serverUp(server);
    },
    requestSeen() {},
    serverDown(server) {
      say(`down ${server.port}`);
      shutdown.serverDown(server);
      registrar.serverDown(server);
    },
    serverClosing(server) {
      const left = graceful ? shutdown.serverClosing(server) : undefined;
      if (left !== undefined) say(`closing ${server.port}`);
      return left;
    },
  };
}
