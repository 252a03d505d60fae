import { describe, expect, it } from 'vitest';

import { ALL_ROWS, camelCase, codeKey, fileKey, OPTION_ROWS } from '../../../src/options/schema.js';

/** The flags and keys of the original's README, whose spelling is the contract. */
const SEED_FLAGS = [
  'nacos-server namespace service-name service-port service-ip service-group service-cluster',
  'service-weight metadata register-on-startup register-on-request auto-register retry-times',
  'retry-interval heartbeat-interval heartbeat-timeout graceful-shutdown shutdown-timeout',
  'deregister-on-exit log-level log-file empty-protection',
].flatMap((line) => line.split(' '));

const SEED_KEYS = [
  'nacos.server nacos.namespace service.name service.ip service.port service.group service.cluster',
  'service.weight service.metadata registration.auto_register registration.register_on_startup',
  'registration.register_on_request registration.retry_times registration.retry_interval',
  'discovery.empty_protection heartbeat.interval heartbeat.timeout shutdown.graceful',
  'shutdown.timeout shutdown.deregister logging.level logging.file',
].flatMap((line) => line.split(' '));

describe('the table of options', () => {
  it('has every flag of the original under its own name', () => {
    expect(ALL_ROWS.map((row) => row.flag)).toEqual(expect.arrayContaining(SEED_FLAGS));
  });

  it('has every key of the original under its own name', () => {
    expect(ALL_ROWS.map(fileKey)).toEqual(expect.arrayContaining(SEED_KEYS));
  });

  it('names each variable after its flag', () => {
    for (const row of ALL_ROWS) {
      const name = row.flag === 'nacos-server' ? 'server' : row.flag;
      expect(row.env).toBe(`NACOS_${name.toUpperCase().replaceAll('-', '_')}`);
    }
  });

  it('has no name twice', () => {
    for (const names of [
      ALL_ROWS.map((row) => row.path),
      ALL_ROWS.map((row) => row.flag),
      ALL_ROWS.map((row) => row.env),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has a default, or says what happens without a value', () => {
    for (const row of ALL_ROWS) expect(row.default ?? row.unset).toBeDefined();
  });

  it('says one sentence about each option', () => {
    for (const row of ALL_ROWS) expect(row.doc).toMatch(/^[A-Z].*\.$/);
  });
});

describe('the names of an option', () => {
  it.each([
    ['quiet_time', 'quietTime'],
    ['quietTime', 'quietTime'],
    ['a_b_c', 'aBC'],
    ['name', 'name'],
  ])('%s is %s in code', (written, camel) => {
    expect(camelCase(written)).toBe(camel);
  });

  it('tell the unit of a time in code', () => {
    expect(OPTION_ROWS.filter((row) => row.kind === 'seconds').map(codeKey)).toEqual([
      'endpointRefreshMs',
      'retryIntervalMs',
      'intervalMs',
      'delayMs',
      'emptyProtectionTimeMs',
      'warmUpMs',
      'firstListTimeoutMs',
      'callTimeoutMs',
      'ejectionTimeMs',
      'slowCallMs',
      'unusedAfterMs',
      'importTimeoutMs',
      'intervalMs',
      'timeoutMs',
      'timeoutMs',
      'quietTimeMs',
    ]);
  });
});
