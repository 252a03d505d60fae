import { describe, expect, it } from 'vitest';

import { failureOfHead, failureOfTrailers, hasStatus } from '../../../src/remote/grpc-status.js';

type Head = Parameters<typeof failureOfHead>[0];
type Fields = Readonly<Record<string, string | number>>;
/** The types of Node have no room for a number beside its index of strings. */
const headOf = (fields: Fields): Head => fields as unknown as Head;
const HEAD = { ':status': 200, 'content-type': 'application/grpc' };

describe('the head of an answer', () => {
  it.each<[string, Fields]>([
    ['as gRPC says', HEAD],
    ['with the codec in its type', { ...HEAD, 'content-type': 'application/grpc+proto' }],
    ['without a type', { ':status': 200 }],
    ['which is the whole answer, of success', { ...HEAD, 'grpc-status': '0' }],
  ])('is good %s', (_, head) => {
    expect(failureOfHead(headOf(head))).toBeUndefined();
  });

  it.each<[string, Fields, RegExp]>([
    ['HTTP 404', { ...HEAD, ':status': 404 }, /^HTTP status 404, so this is no gRPC port$/],
    ['HTTP 502', { ':status': 502 }, /^HTTP status 502/],
    ['HTTP 204 with a status', { ':status': 204, 'grpc-status': '0' }, /^HTTP status 204/],
    ['no HTTP status', {}, /^HTTP status undefined/],
    ['a page', { ':status': 200, 'content-type': 'text/html' }, /^the answer is text\/html/],
    [
      'a status of failure',
      { ...HEAD, 'grpc-status': '12', 'grpc-message': 'no%20such%20method' },
      /^gRPC status 12 no such method$/,
    ],
  ])('fails for %s', (_, head, why) => {
    expect(failureOfHead(headOf(head))?.message).toMatch(why);
  });

  it('has a status when it is the whole answer', () => {
    expect([hasStatus(headOf(HEAD)), hasStatus(headOf({ ...HEAD, 'grpc-status': '0' }))]).toEqual([
      false,
      true,
    ]);
  });
});

describe('the trailers of an answer', () => {
  it('are good with status 0, whatever their message', () => {
    expect(failureOfTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' })).toBeUndefined();
  });

  it.each([
    ['nothing', {}, 'the answer has no gRPC status'],
    ['two statuses', { 'grpc-status': '0, 0' }, 'gRPC status 0, 0'],
    ['no number', { 'grpc-status': 'OK' }, 'gRPC status OK'],
    ['no message', { 'grpc-status': '14' }, 'gRPC status 14'],
    ['an empty message', { 'grpc-status': '14', 'grpc-message': '' }, 'gRPC status 14'],
    [
      'a message in another script',
      { 'grpc-status': '2', 'grpc-message': '%E8%BF%9E%E6%8E%A5 100%25' },
      'gRPC status 2 连接 100%',
    ],
    [
      'a message encoded wrong',
      { 'grpc-status': '2', 'grpc-message': '100% of %E8' },
      'gRPC status 2 100% of %E8',
    ],
    [
      'a message of several lines',
      { 'grpc-status': '2', 'grpc-message': 'one%0D%0Atwo%1B[31m%E2%80%A8three' },
      'gRPC status 2 one two [31m three',
    ],
  ])('fail with %s', (_, trailers, text) => {
    expect(failureOfTrailers(trailers)?.message).toBe(text);
  });

  it('never put a page into the log', () => {
    const trailers = { 'grpc-status': '2', 'grpc-message': 'x'.repeat(5000) };
    expect(failureOfTrailers(trailers)?.message).toHaveLength(500);
  });
});
