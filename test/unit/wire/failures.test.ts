import { describe, expect, it } from 'vitest';

import { failureKind } from '../../../src/wire/failures.js';
import {
  ERROR_RESPONSE,
  failureBody,
  isSuccess,
  readResponseHead,
  successBody,
} from '../../../src/wire/messages/common.js';
import { CONFIG_QUERY_RESPONSE } from '../../../src/wire/messages/config.js';
import { HEALTH_CHECK_RESPONSE } from '../../../src/wire/messages/connection.js';
import { INSTANCE_RESPONSE } from '../../../src/wire/messages/naming.js';

const kind = (type: string, errorCode: number): unknown =>
  failureKind(type, readResponseHead(failureBody(errorCode, 'no')));

describe('what a failed answer means', () => {
  it('trap 5: 300 means a starting server in an ErrorResponse and a missing config in a ConfigQueryResponse', () => {
    expect(kind(ERROR_RESPONSE, 300)).toBe('starting');
    expect(kind(CONFIG_QUERY_RESPONSE, 300)).toBe('missing');
    expect(kind(INSTANCE_RESPONSE, 300)).toBe('failed');
  });

  it('trap 5: 400 means a wrong request, but a config that is being written in a ConfigQueryResponse', () => {
    expect(kind(ERROR_RESPONSE, 400)).toBe('invalid');
    expect(kind(INSTANCE_RESPONSE, 400)).toBe('invalid');
    expect(kind(CONFIG_QUERY_RESPONSE, 400)).toBe('changing');
    const refused = failureBody(400, "Param check invalid:Param 'group' is illegal");
    expect(failureKind(CONFIG_QUERY_RESPONSE, readResponseHead(refused))).toBe('invalid');
  });

  it.each([
    [ERROR_RESPONSE, 301, 'unregistered'],
    [ERROR_RESPONSE, 302, 'unsupported'],
    [ERROR_RESPONSE, -401, 'unregistered'],
    [INSTANCE_RESPONSE, 403, 'forbidden'],
    [ERROR_RESPONSE, 403, 'forbidden'],
    [INSTANCE_RESPONSE, 503, 'limited'],
    [ERROR_RESPONSE, 502, 'failed'],
    [INSTANCE_RESPONSE, 500, 'failed'],
    [INSTANCE_RESPONSE, 301, 'failed'],
  ])('reads %s with %i as %s', (type, errorCode, expected) => {
    expect(kind(type, errorCode)).toBe(expected);
  });

  it('trap 1: an ErrorResponse is a failure whatever its codes say', () => {
    expect(failureKind(ERROR_RESPONSE, readResponseHead(successBody()))).toBe('failed');
    expect(failureKind(HEALTH_CHECK_RESPONSE, readResponseHead(successBody()))).toBeUndefined();
  });

  it('a failure with errorCode 0, as a failed config removal has, is still one', () => {
    const head = readResponseHead({ resultCode: 500, errorCode: 0, message: 'x' });
    expect(failureKind('ConfigRemoveResponse', head)).toBe('failed');
  });

  it('trap 19: success is judged by resultCode alone', () => {
    for (const success of [true, false, null, undefined]) {
      expect(isSuccess(readResponseHead({ resultCode: 200, success }))).toBe(true);
      expect(isSuccess(readResponseHead({ resultCode: 500, success }))).toBe(false);
    }
    expect(isSuccess(readResponseHead({}))).toBe(true);
    expect(isSuccess(readResponseHead({ resultCode: 0, errorCode: 0 }))).toBe(false);
  });
});
