/**
 * Owns the hub of a child process whose client hooks are tested without a registry: `node --require scripted-hub.cjs app`. The
 * router answers what the environment says: ROUTES is an object of service name -> targets `{ ip, port, secure }`.
 * HUB=broken: the runtime cannot be loaded. HUB=off: no hooks at all. The app finds the script under `globalThis.hub`, and
 * changes what the router does there.
 */
const path = require('node:path');

const dist = path.join(module.path, '..', '..', 'dist');
const routes = JSON.parse(process.env.ROUTES ?? '{}');
const turns = {};

const script = {
  /** How often the runtime was asked for. */
  loads: 0,
  /** Names that the hooks asked about. */
  asked: [],
  /** Ports of targets that could not be connected to. */
  failed: [],
  settled: [],
  /** Each attempt that ended, as the router was told: port, outcome, status. */
  ended: [],
  /** Failed calls that the router was asked about. */
  asks: [],
  /** Outcomes after which there is another attempt, and how long it waits. */
  repeats: ['unsent'],
  delayMs: 0,
  timeoutMs: 0,
  headers: [],
  goneListeners: [],
  /** Hosts with a dot that are declared. */
  declared: [],
  /** While it is a promise, lists have not arrived. */
  waiting: undefined,
  /** From now on these are the targets of the service. */
  route(service, targets) {
    routes[service] = targets;
  },
  /** The next pick of every service is its first target again. */
  restart() {
    for (const name of Object.keys(turns)) delete turns[name];
  },
  /** Prints one line that `runHooked` reads: what the call gave, or its error. */
  async say(label, call) {
    const told = (error) => ({
      name: error?.name,
      code: error?.code,
      message: error?.message,
      ...(error?.cause === undefined ? {} : { cause: told(error.cause) }),
    });
    try {
      const value = await (typeof call === 'function' ? call() : call);
      console.log(`said ${JSON.stringify({ label, value })}`);
    } catch (error) {
      console.log(`said ${JSON.stringify({ label, error: told(error) })}`);
    }
  },
  /** What an instance answered, and the URL as fetch shows it. */
  async viaFetch(input, init) {
    const response = await fetch(input, init);
    return { url: response.url, ...(await response.json()) };
  },
  /** What an instance answered to `request` of node:http or node:https. `body` is a string or a list of chunks. */
  viaRequest(request, options, body = []) {
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve(JSON.parse(text)));
      });
      sent.on('error', reject);
      for (const chunk of [body].flat()) sent.write(chunk);
      sent.end();
    });
  },
  /** Lists do not arrive until the function that this returns is called. */
  hold() {
    let release;
    script.waiting = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      script.waiting = undefined;
      release();
    };
  },
};

const targetsOf = (name) => {
  const service = name.toLowerCase();
  return routes[service]?.map((target) => ({ secure: false, ...target, service }));
};
const next = (name, targets) => {
  turns[name] = (turns[name] ?? -1) + 1;
  return targets[turns[name] % targets.length];
};
const calls = {
  pickNow(name) {
    script.asked.push(name);
    const targets = targetsOf(name);
    if (targets === undefined) return null;
    return script.waiting !== undefined || targets.length === 0 ? undefined : next(name, targets);
  },
  async resolve(name, info, signal) {
    const stopped = new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    if (script.waiting !== undefined) await Promise.race([script.waiting, stopped]);
    const targets = targetsOf(name);
    if (targets === undefined) return null;
    if (targets.length > 0) return next(name, targets);
    const { NoInstanceError } = await import(path.join(dist, 'errors.js'));
    throw new NoInstanceError(`no instance of ${name}`);
  },
  nextAttempt({ name, tried, outcome, status, retryAfterMs, info }) {
    script.asks.push({ outcome, status, retryAfterMs, isReplayable: info.isReplayable });
    if (!script.repeats.includes(outcome)) return undefined;
    const target = targetsOf(name).find((one) => !tried.some(({ port }) => port === one.port));
    return target && { target, delayMs: script.delayMs };
  },
  settle(target, { outcome, status }) {
    script.settled.push(outcome);
    script.ended.push([target.port, outcome, status]);
    if (outcome === 'unsent') script.failed.push(target.port);
  },
  timeoutMs: () => script.timeoutMs,
  headersToAdd: () => script.headers,
  onGone(listener) {
    script.goneListeners.push(listener);
    return () => undefined;
  },
};

const hub = {
  version: '0.0.0',
  servers: new Map(),
  runtime: undefined,
  async load() {
    script.loads += 1;
    if (process.env.HUB === 'broken') return undefined;
    hub.runtime ??= { calls, serverUp() {}, serverDown() {} };
    return hub.runtime;
  },
  setSignalHold() {},
  proxies: [process.env.HTTP_PROXY, process.env.HTTPS_PROXY].filter(Boolean),
  mayDeclare: (host) => script.declared.includes(host.toLowerCase()),
};

globalThis.hub = script;
if (process.env.HUB !== 'off') {
  const http = require('node:http');
  const { installFetchHook } = require(path.join(dist, 'adapters', 'fetch-hook.cjs'));
  const { installHttpHook } = require(path.join(dist, 'adapters', 'http-hook.cjs'));
  const covered = () => [fetch, http.Agent.prototype.addRequest, http.Agent.prototype.createSocket];
  const install = () => {
    installFetchHook(hub);
    installHttpHook(hub);
  };
  install();
  /** True when a second time changes nothing. */
  script.installAgain = () => {
    const before = covered();
    install();
    return covered().every((one, at) => one === before[at]);
  };
}
