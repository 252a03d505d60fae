/** Every option has a test that proves its effect on a server, and no test is about an option that is gone. */
import { expect, it } from 'vitest';

import { ALL_ROWS } from '../../src/options/schema.js';
import { optionsWithEffect } from './flags-scene.js';

const FILES = [
  'flags-identity.test.ts',
  'flags-registration.test.ts',
  'flags-behaviour.test.ts',
  'flags-discovery.test.ts',
  'flags-calls.test.ts',
  'flags-failed-calls.test.ts',
  'flags-config.test.ts',
  'flags-telemetry.test.ts',
  'flags-connection.test.ts',
];

it('every option has a test of its effect', () => {
  const tested = [...optionsWithEffect(FILES)].toSorted();
  expect(tested).toEqual(ALL_ROWS.map((row) => row.path).toSorted());
});
