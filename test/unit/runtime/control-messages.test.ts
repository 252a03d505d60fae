import { describe, expect, it } from 'vitest';

import type { RegistrationStatus } from '../../../src/process-hub.js';
import {
  MAX_LINE_BYTES,
  readAnswer,
  readRequest,
  writeAnswer,
  writeRequest,
} from '../../../src/runtime/control-messages.js';

const STATUS: RegistrationStatus = {
  state: 'registered',
  service: { name: 'orders', group: 'DEFAULT_GROUP' },
  namespace: 'public',
  ip: '10.0.0.5',
  port: 8080,
  cluster: 'DEFAULT',
  weight: 0.5,
  enabled: true,
  metadata: { version: '2' },
  ready: true,
  wantsTraffic: true,
  problem: undefined,
};

describe('a request', () => {
  it.each([
    { do: 'status' } as const,
    { do: 'change', change: { enabled: false } } as const,
    { do: 'change', change: { weight: 0 }, service: 'orders' } as const,
    { do: 'change', change: { metadata: { canary: 'true', old: null } } } as const,
  ])('%j is read as it was written', (request) => {
    expect(readRequest(writeRequest(request).trim())).toEqual(request);
  });

  it.each([
    ['', 'a request is one JSON object'],
    ['[]', 'a request is one JSON object'],
    ['null', 'a request is one JSON object'],
    ['{"do":"status"}', 'protocol version undefined is not known, only 1'],
    ['{"v":2,"do":"status"}', 'protocol version 2 is not known, only 1'],
    ['{"v":1,"do":"stop"}', 'unknown request "stop"'],
    ['{"v":1,"do":"status","service":"orders"}', 'unknown field "service"'],
    ['{"v":1,"do":"change","change":{"enabled":true},"pid":1}', 'unknown field "pid"'],
    ['{"v":1,"do":"change"}', 'change must be an object'],
    ['{"v":1,"do":"change","change":{}}', 'change must have enabled, weight or metadata'],
    ['{"v":1,"do":"change","change":{"ip":"1.2.3.4"}}', 'unknown field change."ip"'],
    ['{"v":1,"do":"change","change":{"enabled":"no"}}', 'enabled must be true or false'],
    ['{"v":1,"do":"change","change":{"weight":-1}}', 'weight must be a number from 0 to 10000'],
    ['{"v":1,"do":"change","change":{"weight":1e999}}', 'weight must be a number from 0 to 10000'],
    ['{"v":1,"do":"change","change":{"weight":"1"}}', 'weight must be a number from 0 to 10000'],
    [
      '{"v":1,"do":"change","change":{"metadata":{"a":1}}}',
      'metadata must be an object of texts, null for a key that goes',
    ],
    ['{"v":1,"do":"change","change":{"weight":1},"service":7}', 'service must be a text'],
  ])('%s is refused', (line, why) => {
    expect(readRequest(line)).toBe(why);
  });

  it('what it repeats of a request is short and obeyed by no terminal', () => {
    const why = readRequest(JSON.stringify({ v: 1, do: `\u001b[2J${'x'.repeat(1000)}` }));
    expect(why).toMatch(/^unknown request "\\u001b\[2Jx+$/);
    expect(String(why).length).toBeLessThan(100);
  });
});

describe('an answer', () => {
  it('is read as it was written', () => {
    const answer = { ok: true, pid: 7, ready: true, registrations: [STATUS] } as const;
    expect(readAnswer(writeAnswer(answer))).toEqual(answer);
  });

  it('that is an error is understood in every version', () => {
    const error = { ok: false, code: 'USAGE', message: 'no' } as const;
    expect(readAnswer(writeAnswer(error))).toEqual(error);
    expect(readAnswer(JSON.stringify({ v: 9, ...error }))).toEqual(error);
  });

  it('with fields of a later version is read without them', () => {
    const line = JSON.stringify({
      v: 1,
      ok: true,
      pid: 7,
      ready: false,
      registrations: [{ ...STATUS, region: 'eu' }],
      load: 3,
    });
    expect(readAnswer(line)).toEqual({ ok: true, pid: 7, ready: false, registrations: [STATUS] });
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another version', '{"v":2,"ok":true,"pid":7,"ready":true,"registrations":[]}'],
    ['no pid', '{"v":1,"ok":true,"ready":true,"registrations":[]}'],
    [
      'a strange state',
      JSON.stringify({
        v: 1,
        ok: true,
        pid: 7,
        ready: true,
        registrations: [{ ...STATUS, state: 'x' }],
      }),
    ],
    [
      'a strange port',
      JSON.stringify({
        v: 1,
        ok: true,
        pid: 7,
        ready: true,
        registrations: [{ ...STATUS, port: 0 }],
      }),
    ],
    [
      'strange metadata',
      JSON.stringify({
        v: 1,
        ok: true,
        pid: 7,
        ready: true,
        registrations: [{ ...STATUS, metadata: { a: 1 } }],
      }),
    ],
  ])('%s is none', (_, line) => {
    expect(readAnswer(line)).toBeUndefined();
  });

  it('that is too long is an error', () => {
    const metadata = { long: 'x'.repeat(MAX_LINE_BYTES) };
    const registrations = [{ ...STATUS, metadata }];
    const line = writeAnswer({ ok: true, pid: 7, ready: true, registrations });
    expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE_BYTES);
    expect(readAnswer(line)).toEqual({
      ok: false,
      code: 'INTERNAL',
      message: 'the answer is too long',
    });
  });
});
