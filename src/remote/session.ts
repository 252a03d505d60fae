/**
 * Owns one standing connection to Nacos with its identity, and everything that keeps it standing: attempts over the server
 * list, handshake, heartbeat, reconnect, requests of both directions. Called by the naming and config clients.
 * It knows nothing of what they register, and it never reconnects silently: each connection has its own epoch.
 *
 * States: idle -start-> connecting -handshake-> ready; ready -stream or heartbeat lost, 301-> connecting;
 * connecting -attempt failed-> backoff -handshake-> ready; any -close-> closed. A connection that ended soon after it
 * began counts like a failed attempt. A ConnectReset keeps `ready`: the new connection is made first, and the
 * old one ends when the new one has taken over.
 */
import { ClosedError, ConnectionError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ConnectionState } from '../naming-api.js';
import type { Clock } from '../util/clock.js';
import {
  asError,
  createDeferred,
  delay,
  runInBackground,
  waitWithin,
  type Deferred,
} from '../util/deferred.js';
import { failureKind } from '../wire/failures.js';
import { decodeJson, type JsonObject } from '../wire/json.js';
import { readResponseHead } from '../wire/messages/common.js';
import {
  CLIENT_DETECTION_REQUEST,
  CONNECT_RESET_REQUEST,
  readConnectReset,
  type AbilityTable,
} from '../wire/messages/connection.js';
import { Authorizer } from './auth/authorizer.js';
import type { Credentials } from './auth/credentials.js';
import type { Endpoints } from './endpoints.js';
import { Handover } from './handover.js';
import { message, shakeHands, type Identity, type Link } from './handshake.js';
import { startHeartbeat, type Heartbeat } from './heartbeat.js';
import { OutageLog } from './outage-log.js';
import { PushRouter, readJsonPush, type PushHandler, type PushReader } from './push.js';
import { ReconnectPause } from './reconnect-pause.js';
import { checkResponse, isRepeatable } from './response.js';
import { SessionNews } from './session-news.js';
import type { Connection, Endpoint, Transport } from './transport.js';

export interface SessionOptions {
  readonly transport: Transport;
  readonly endpoints: Endpoints;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bound of one request with all its attempts, in ms. */
  readonly requestTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Default: requests carry no login. Shared with others, and so closed by whoever made them. */
  readonly credentials?: Credentials | undefined;
}

export interface RequestBounds {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default true: somebody awaits it. Background work says false. */
  readonly holdsProcess?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** True: not sent again when the connection broke before its answer, since it may have been carried out. Default false. */
  readonly once?: boolean;
}

const REQUEST_TRIES = 4;
const RETRY_PAUSE_MS = 100;
/** A connection that ends sooner may be one of many that a sick server accepts and drops: no hot loop. */
const STABLE_MS = 5000;

interface OpenLink {
  readonly link: Link;
  readonly epoch: number;
  readonly heartbeat: Heartbeat;
  /** Resolves when another connection is wanted. */
  readonly over: Deferred<string>;
}

export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #pushes: PushRouter;
  readonly #abort = new AbortController();
  readonly #news: SessionNews;
  readonly #readyListeners = new Set<() => unknown>();
  readonly #handover: Handover;
  readonly #pauseBetween: ReconnectPause;
  readonly #authorizer: Authorizer;
  readonly #outages: OutageLog;
  #current: OpenLink | undefined;
  #epoch = 0;
  #recommended: Endpoint | undefined;
  #stopList: () => void = () => undefined;
  #ready: Deferred<OpenLink> = createDeferred();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#news = new SessionNews(options);
    this.#pushes = new PushRouter(options.logger);
    this.#handover = new Handover(options.clock);
    this.#pauseBetween = new ReconnectPause(options.clock);
    this.#authorizer = new Authorizer(options.credentials, options.identity.module);
    this.#outages = new OutageLog(options.logger);
    this.#pushes.handle(CLIENT_DETECTION_REQUEST, readJsonPush, () => undefined);
    this.#pushes.handle(CONNECT_RESET_REQUEST, readJsonPush, (body, connection) => {
      this.#reset(body, connection);
    });
  }

  get state(): ConnectionState {
    return this.#news.state;
  }

  /** Grows with each connection; what was confirmed in an older epoch is gone on the server. 0: never connected. */
  get epoch(): number {
    return this.#current?.epoch ?? 0;
  }

  /** See {@link Link.addsBatches}; false while there is no connection. */
  get addsBatches(): boolean {
    return this.#current?.link.addsBatches ?? false;
  }

  /** A key that is missing is not supported. Empty while there is no connection. */
  get serverAbilities(): AbilityTable {
    return this.#current?.link.serverAbilities ?? {};
  }

  /** Starts connecting; harmless when it runs already. Reconnecting goes on until `close`. */
  start(): void {
    if (this.state !== 'idle') return;
    this.#news.change('connecting', { epoch: 0 });
    this.#stopList = this.#options.endpoints.onChange(() => this.#leaveUnlisted());
    runInBackground(this.#run());
  }

  /** Resolves when there is a connection. @throws ConnectionError NOT_CONNECTED, ClosedError, the signal's reason. */
  async ready(bounds: RequestBounds = {}): Promise<void> {
    const deadlineMs =
      this.#options.clock.nowMs() + (bounds.timeoutMs ?? this.#options.requestTimeoutMs);
    if (this.#current === undefined)
      await this.#waitReady('request', deadlineMs, bounds, undefined);
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    return this.#news.onState(listener);
  }

  /**
   * Calls at each new connection, also when a reset moved a ready session to another server. The connection which the new one
   * replaces lives on until the promises that listeners return have settled, within a bound.
   */
  onReady(listener: () => unknown): () => void {
    this.#readyListeners.add(listener);
    return () => this.#readyListeners.delete(listener);
  }

  handle<Body>(type: string, read: PushReader<Body>, handler: PushHandler<Body>): void {
    this.#pushes.handle(type, read, handler);
  }

  /** True when `connection` is the one in use; pushes of an older one are stale. */
  isCurrent(connection: Connection): boolean {
    return this.#current?.link.connection === connection;
  }

  /**
   * Sends a request and returns the body of its answer. Waits for a connection, and repeats what a broken connection or an
   * ErrorResponse swallowed, all within `timeoutMs`; a typed failure is final.
   * @throws ConnectionError, RequestTimeoutError, AuthError, ServerError, ProtocolError, ClosedError, the signal's reason.
   */
  request(type: string, body: JsonObject, bounds: RequestBounds = {}): Promise<JsonObject> {
    return this.#news.request(type, this.#request(type, body, bounds));
  }

  async #request(type: string, body: JsonObject, bounds: RequestBounds): Promise<JsonObject> {
    const { clock } = this.#options;
    const deadlineMs = clock.nowMs() + (bounds.timeoutMs ?? this.#options.requestTimeoutMs);
    let failure: Error | undefined;
    for (let attempt = 1; attempt <= REQUEST_TRIES; attempt += 1) {
      if (failure !== undefined) await this.#pause(deadlineMs, bounds, failure);
      const open = this.#current ?? (await this.#waitReady(type, deadlineMs, bounds, failure));
      try {
        return await this.#ask(open, type, body, deadlineMs, bounds);
      } catch (error) {
        const known = asError(error);
        if (!isRepeatable(known, bounds.once) && !this.#authorizer.mayRepeat(known, failure))
          throw known;
        failure = known;
      }
    }
    throw failure ?? new ConnectionError('NOT_CONNECTED', `${type} was not sent`);
  }

  /** Ends the connection and every wait. Idempotent. */
  close(): Promise<void> {
    if (this.state !== 'closed') {
      const closed = new ClosedError('the client is closed');
      this.#news.change('closed', { epoch: this.#epoch, reason: closed.message });
      this.#abort.abort(closed);
      this.#drop('closed');
      this.#handover.close();
      this.#pauseBetween.wake();
      this.#stopList();
      this.#ready.reject(closed);
      this.#news.clear();
      this.#readyListeners.clear();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { clock, endpoints, logger } = this.#options;
    const { signal } = this.#abort;
    /** Attempts in a row that failed, and connections in a row that ended early. */
    let failures = 0;
    let early = 0;
    while (!signal.aborted) {
      let { where } = endpoints;
      let endpoint: Endpoint | undefined;
      try {
        const next = this.#recommended ?? endpoints.next(signal);
        this.#recommended = undefined;
        endpoint = next instanceof Promise ? await next : next;
        where = `${endpoint.host}:${String(endpoint.port)}`;
        const open = await this.#open(endpoint);
        this.#outages.connected(where, failures);
        failures = 0;
        const sinceMs = clock.nowMs();
        const why = await open.over.promise;
        if (!signal.aborted) logger.info(`leaving Nacos at ${where}: ${why}`);
        early = clock.nowMs() - sinceMs < STABLE_MS ? early + 1 : 0;
        if (early > 0) await this.#backoff(early, endpoint, why);
      } catch (thrown) {
        if (signal.aborted) return;
        failures += 1;
        const error = asError(thrown);
        const isOutage = failures >= endpoints.size && this.#current === undefined;
        this.#outages.failed(where, error, failures, isOutage);
        await this.#backoff(Math.ceil(failures / endpoints.size), endpoint, error.message);
      }
    }
  }

  async #backoff(step: number, endpoint: Endpoint | undefined, reason: string): Promise<void> {
    if (this.#abort.signal.aborted) return;
    if (this.#current === undefined) {
      this.#news.change('backoff', { endpoint, epoch: this.#epoch, reason });
    }
    await this.#pauseBetween.wait(step);
  }

  async #open(endpoint: Endpoint): Promise<OpenLink> {
    const { clock } = this.#options;
    const link = await shakeHands(endpoint, {
      transport: this.#options.transport,
      identity: this.#options.identity,
      clock,
      signal: this.#abort.signal,
      receive: (payload, connection) => {
        if (this.isCurrent(connection)) this.#current?.heartbeat.heard();
        this.#pushes.receive(payload, connection);
      },
    });
    if (this.#abort.signal.aborted) {
      link.connection.close();
      throw asError(this.#abort.signal.reason);
    }
    this.#epoch += 1;
    const over = createDeferred<string>();
    const lost = (reason: Error): void => this.#lose(open, reason.message);
    const heartbeat = startHeartbeat({
      clock,
      link,
      intervalMs: this.#options.heartbeatIntervalMs,
      timeoutMs: this.#options.heartbeatTimeoutMs,
      onDead: lost,
    });
    const open: OpenLink = { link, epoch: this.#epoch, heartbeat, over };
    this.#adopt(open);
    link.connection.onEnd(lost);
    return open;
  }

  #adopt(open: OpenLink): void {
    const old = this.#current;
    old?.heartbeat.stop();
    this.#current = open;
    this.#recommended = undefined;
    this.#ready.resolve(open);
    this.#news.change('ready', { endpoint: open.link.endpoint, epoch: open.epoch });
    const taken = [...this.#readyListeners].map((listener) => this.#news.call(listener));
    if (old === undefined) return;
    // A listener may have closed us.
    if (this.#abort.signal.aborted) old.link.connection.close();
    else this.#handover.keep(old.link.connection, Promise.all(taken));
  }

  /** The connection is gone or useless. */
  #lose(open: OpenLink, reason: string): void {
    if (this.#current === open) {
      this.#drop(reason);
      this.#news.change('connecting', { epoch: open.epoch, reason });
    } else {
      this.#handover.end(open.link.connection);
    }
  }

  #drop(reason: string): void {
    const open = this.#current;
    if (open === undefined) return;
    this.#current = undefined;
    this.#ready = createDeferred();
    open.heartbeat.stop();
    open.link.connection.close();
    open.over.resolve(reason);
    this.#pauseBetween.wake();
  }

  /** The server wants us elsewhere: make the new connection first, the old one serves until then. */
  #reset(body: JsonObject, connection: Connection): void {
    const open = this.#current;
    if (open?.link.connection !== connection) return;
    const { serverIp, serverPort } = readConnectReset(body);
    this.#recommended = this.#options.endpoints.find(serverIp, serverPort);
    open.over.resolve(`the server asked us to move${serverIp === '' ? '' : ` to ${serverIp}`}`);
  }

  /** The list of servers has changed: a connection to one that is on it stays. */
  #leaveUnlisted(): void {
    const open = this.#current;
    if (open === undefined || this.#options.endpoints.has(open.link.endpoint)) return;
    open.over.resolve('it is not listed any more');
  }

  async #ask(
    open: OpenLink,
    type: string,
    body: JsonObject,
    deadlineMs: number,
    bounds: RequestBounds,
  ): Promise<JsonObject> {
    const { connection } = open.link;
    const leftMs = (): number => Math.max(1, deadlineMs - this.#options.clock.nowMs());
    const given = this.#authorizer.headersFor(body, { ...bounds, timeoutMs: leftMs() });
    const auth = given instanceof Promise ? await given : given;
    const headers = auth === undefined ? bounds.headers : { ...bounds.headers, ...auth };
    const reply = await connection.unary(message(type, connection, body, headers), {
      timeoutMs: leftMs(),
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
    });
    const answer = decodeJson(reply.body, reply.type);
    open.heartbeat.heard();
    if (failureKind(reply.type, readResponseHead(answer)) === 'unregistered') {
      this.#lose(open, 'the server does not know this connection');
    }
    this.#authorizer.check(auth, () => checkResponse(type, reply.type, answer));
    return answer;
  }

  #waitReady(
    type: string,
    deadlineMs: number,
    bounds: RequestBounds,
    failure: Error | undefined,
  ): Promise<OpenLink> {
    const { clock } = this.#options;
    return waitWithin(this.#ready.promise, {
      clock,
      timeoutMs: Math.max(1, deadlineMs - clock.nowMs()),
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () =>
        new ConnectionError('NOT_CONNECTED', `${type} was not sent: no connection to Nacos`, {
          cause: failure,
        }),
    });
  }

  async #pause(deadlineMs: number, bounds: RequestBounds, failure: Error): Promise<void> {
    const { clock } = this.#options;
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= RETRY_PAUSE_MS) throw failure;
    await delay(clock, RETRY_PAUSE_MS, {
      signal: bounds.signal,
      owner: this.#abort.signal,
      holdsProcess: bounds.holdsProcess ?? true,
    });
  }
}
