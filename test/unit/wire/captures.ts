/**
 * Owns the reading of the recorded messages in test/fixtures/wire (scripts/capture-wire.mjs writes them). Used by
 * the capture tests. A line is a message, or a note about something that is none, like the end of a stream.
 */
import { readFileSync } from 'node:fs';

import { isJsonObject, type JsonObject } from '../../../src/wire/json.js';

export const SERVERS = ['nacos-2.5.1', 'nacos-3.0.3', 'r-nacos-0.8.8'] as const;
export type Server = (typeof SERVERS)[number];

export interface CapturedMessage {
  readonly step: string;
  readonly connection: string;
  readonly direction: string;
  readonly channel: string;
  /** Milliseconds since the capture began. */
  readonly atMs: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly headers: JsonObject;
  readonly json: JsonObject;
}

export interface Capture {
  readonly server: Server;
  readonly messages: readonly CapturedMessage[];
  readonly notes: readonly { readonly step: string; readonly text: string }[];
}

export function loadCapture(server: Server): Capture {
  const file = new URL(`../../fixtures/wire/${server}.jsonl`, import.meta.url);
  const lines: JsonObject[] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => objectOf(JSON.parse(line)));
  const messages = lines.filter((line) => line['note'] === undefined);
  const notes = lines.filter((line) => line['note'] !== undefined);
  return {
    server,
    messages: messages.map((line) => ({
      step: textOf(line['step']),
      connection: textOf(line['connection']),
      direction: textOf(line['direction']),
      channel: textOf(line['channel']),
      atMs: Number(line['atMs']),
      name: textOf(line['name']),
      bytes: Buffer.from(textOf(line['bytes']), 'base64'),
      headers: objectOf(line['headers']),
      json: objectOf(line['json']),
    })),
    notes: notes.map((line) => ({ step: textOf(line['step']), text: textOf(line['note']) })),
  };
}

/** What the server sent in one step, of one class. */
export function received(capture: Capture, step: string, name: string): CapturedMessage[] {
  return capture.messages.filter(
    (each) => each.step === step && each.name === name && each.direction === 'received',
  );
}

export interface Exchange {
  readonly request: CapturedMessage;
  readonly answer: CapturedMessage;
}

/** Unary requests with their answers: a connection of the captures never has two under way. */
export function exchanges(capture: Capture, step?: string): Exchange[] {
  const open = new Map<string, CapturedMessage>();
  const found: Exchange[] = [];
  for (const message of capture.messages) {
    if (message.channel !== 'unary' || (step !== undefined && message.step !== step)) continue;
    const key = `${message.step}/${message.connection}`;
    const request = open.get(key);
    if (message.direction === 'sent') {
      if (request !== undefined) throw new TypeError(`two requests at once in ${key}`);
      open.set(key, message);
    } else {
      if (request === undefined) throw new TypeError(`an answer without a request in ${key}`);
      open.delete(key);
      found.push({ request, answer: message });
    }
  }
  return found;
}

function objectOf(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new TypeError('no object');
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('no text');
  return value;
}
