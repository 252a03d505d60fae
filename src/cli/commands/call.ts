/**
 * Owns `nacos-serving call`: one HTTP request to a service by name, with the balancing, the retries and the rules that the options give an app.
 * Called by `look-up.ts`. The body goes to stdout, everything else to stderr. Exit codes: 0 for a status below 400, 22 from
 * there on, 1 when no instance could be called.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';

import type { Discovery } from '../../discovery/discovery.js';
import { ConfigError, DiscoveryError, isNacosError } from '../../errors.js';
import { hostPort } from '../../model.js';
import { oneLine } from '../../options/given.js';
import type { CallInfo, CallRouter, CallTarget, FailedCall } from '../../process-hub.js';
import { makeDiscovery } from '../../runtime/make-discovery.js';
import { systemClock } from '../../util/clock.js';
import { asError, delay } from '../../util/deferred.js';
import type { CallInvocation } from '../lookup-args.js';
import { attempt, type RequestParts } from '../one-attempt.js';
import { printable } from '../printable.js';
import type { RegistryAccess } from '../registry-access.js';

const UNREACHABLE = 1;
/** Of curl, for `--fail`. */
const HTTP_ERROR = 22;
const FIRST_ERROR_STATUS = 400;

export async function call(invocation: CallInvocation, registry: RegistryAccess): Promise<number> {
  const body = await readBody(invocation.data);
  const outOfTime = new AbortController();
  await using discovery = makeDiscovery(registry.options, registry);
  const limitMs = invocation.maxTimeMs;
  const timer =
    limitMs === 0
      ? undefined
      : systemClock.after(limitMs, () => outOfTime.abort(), { holdsProcess: true });
  try {
    return await new NamedCall(invocation, discovery, {
      ...invocation,
      body,
      signal: outOfTime.signal,
    }).run();
  } finally {
    timer?.cancel();
  }
}

class NamedCall {
  readonly #invocation: CallInvocation;
  readonly #discovery: Discovery;
  readonly #calls: CallRouter;
  readonly #request: RequestParts;
  readonly #info: CallInfo;
  readonly #tried: CallTarget[] = [];
  /** How the attempts that failed did so. */
  readonly #failures: string[] = [];
  readonly #beganMs = systemClock.nowMs();

  constructor(invocation: CallInvocation, discovery: Discovery, request: RequestParts) {
    this.#invocation = invocation;
    this.#discovery = discovery;
    this.#calls = discovery.explicitCalls;
    this.#request = request;
    const { method, path, headers } = request;
    const values = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
    this.#info = { method, path, isReplayable: true, header: (name) => values.get(name) };
  }

  async run(): Promise<number> {
    let target: CallTarget | undefined = await this.#first();
    while (target !== undefined) {
      this.#tried.push(target);
      const result = await attempt(this.#request, target);
      const { tookMs } = result;
      if ('response' in result) {
        const status = result.response.statusCode ?? 0;
        this.#calls.settle(target, { outcome: 'answered', status, tookMs });
        const next =
          status < FIRST_ERROR_STATUS
            ? undefined
            : await this.#next({ outcome: 'answered', status });
        if (next === undefined) return this.#show(result.response, target, tookMs);
        this.#failures.push(`${hostPort(target)} (status ${String(status)})`);
        result.response.destroy();
        target = next;
      } else {
        const { outcome, error } = result;
        this.#calls.settle(target, { outcome, tookMs });
        this.#failures.push(`${hostPort(target)} (${reasonOf(error)})`);
        target = outcome === 'abandoned' ? undefined : await this.#next({ outcome });
      }
    }
    const why = this.#request.signal.aborted ? 'not answered in time' : 'cannot be called';
    say(`${printable(this.#request.service)} ${why}: tried ${this.#failures.join(', ')}`);
    return UNREACHABLE;
  }

  /** @throws DiscoveryError when there is none, with a hint who tells more */
  async #first(): Promise<CallTarget> {
    const { service, signal } = this.#request;
    try {
      const found = await this.#calls.resolve(service, this.#info, signal);
      // Where a hook would leave the host to DNS, a command says why.
      return found ?? (await this.#discovery.resolve(service, { signal }));
    } catch (error) {
      if (!isNacosError(error)) throw error;
      throw new DiscoveryError(
        'NO_INSTANCE',
        `${oneLine(error.message)}; try: nacos-serving why ${printable(service)}`,
        { cause: error },
      );
    }
  }

  async #next(failed: Pick<FailedCall, 'outcome' | 'status'>): Promise<CallTarget | undefined> {
    const next = this.#calls.nextAttempt({
      ...failed,
      name: this.#request.service,
      info: this.#info,
      tried: this.#tried,
      elapsedMs: systemClock.nowMs() - this.#beganMs,
    });
    if (next !== undefined && next.delayMs > 0) {
      await delay(systemClock, next.delayMs, { holdsProcess: true });
    }
    return next?.target;
  }

  async #show(response: IncomingMessage, target: CallTarget, tookMs: number): Promise<number> {
    const { statusCode: status = 0, statusMessage = '', httpVersion, rawHeaders } = response;
    if (this.#invocation.showHead) {
      process.stdout.write(`HTTP/${httpVersion} ${String(status)} ${statusMessage}\r\n`);
      for (let at = 0; at < rawHeaders.length; at += 2) {
        process.stdout.write(`${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}\r\n`);
      }
      process.stdout.write('\r\n');
    }
    const before = this.#failures.length === 0 ? '' : `, after ${this.#failures.join(', ')}`;
    say(
      `${String(status)} from ${hostPort(target)} of ${printable(target.service)} in ${tookMs.toFixed(0)} ms${before}`,
    );
    try {
      await pipeline(response, process.stdout, { end: false });
    } catch (error) {
      say(`the response broke off: ${reasonOf(asError(error))}`);
      return UNREACHABLE;
    }
    return status < FIRST_ERROR_STATUS ? 0 : HTTP_ERROR;
  }
}

/** @throws ConfigError UNREADABLE_FILE */
async function readBody(data: readonly string[]): Promise<Buffer | undefined> {
  if (data.length === 0) return undefined;
  const parts: Buffer[] = [];
  for (const text of data) {
    if (parts.length > 0) parts.push(Buffer.from('&'));
    parts.push(text.startsWith('@') ? await readFrom(text.slice(1)) : Buffer.from(text));
  }
  return Buffer.concat(parts);
}

async function readFrom(file: string): Promise<Buffer> {
  if (file !== '-') {
    try {
      return readFileSync(file);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new ConfigError('UNREADABLE_FILE', `${oneLine(file)} cannot be read: ${code}`, {
        cause: error,
      });
    }
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array)); // no encoding is set
  return Buffer.concat(chunks);
}

function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : oneLine(error.message);
}

function say(text: string): void {
  process.stderr.write(`nacos-serving: ${text}\n`);
}
