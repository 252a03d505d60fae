import { describe, expect, it } from 'vitest';

import { startedByCli } from '../../../src/options/env.js';
import { failure, load } from './loading.js';

describe('environment variables', () => {
  it('count as not given when they are empty', () => {
    const env = {
      NACOS_SERVER: '',
      NACOS_SERVICE_PORT: '',
      NACOS_AUTO_REGISTER: '',
      NACOS_SERVING_CLI: '',
    };
    expect(load({ env })).toEqual(load());
  });

  it('of others are left alone', () => {
    expect(load({ env: { NACOS_PASSWRD: 'x', NACOS_AUTH_ENABLE: 'y', NACOS_SERVR: 'z' } })).toEqual(
      load(),
    );
  });
});

describe('a Kubernetes service called nacos', () => {
  const link = {
    NACOS_SERVICE_HOST: '10.96.0.7',
    NACOS_SERVICE_PORT: '8848',
    NACOS_PORT: 'tcp://10.96.0.7:8848',
  };

  it('does not set the port of this service', () => {
    const { options, notices, origins } = load({ env: link });
    expect(options.service.port).toBeUndefined();
    expect(origins['service.port']).toBe('default');
    expect(notices).toEqual([
      'NACOS_SERVICE_PORT=8848 comes from the Kubernetes service "nacos", not from a user, and is ignored',
    ]);
  });

  it('leaves a port of the user alone', () => {
    expect(load({ env: { ...link, NACOS_SERVICE_PORT: '8080' } }).options.service.port).toBe(8080);
    expect(load({ env: { NACOS_SERVICE_PORT: '8848' } }).options.service.port).toBe(8848);
  });
});

describe('a Kubernetes service that is called like an option', () => {
  it.each(['NACOS_HEALTH_PORT', 'NACOS_ADVERTISED_PORT'])('does not set %s', (name) => {
    const { origins, notices } = load({ env: { [name]: 'tcp://10.96.0.7:80' } });
    expect(Object.values(origins)).not.toContain(`env ${name}`);
    expect(notices).toEqual([
      `${name}=tcp://10.96.0.7:80 comes from a Kubernetes service and is ignored`,
    ]);
  });
});

describe('the variable of the command line', () => {
  it.each(['{', '[]', 'null', '5', '{"namespace":5}', '{"server":["a",1]}'])(
    'refuses %s',
    (text) => {
      const error = failure({ env: { NACOS_SERVING_CLI: text } });
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.message).toMatch(/^env NACOS_SERVING_CLI = \*\*\* \(\d+ characters\): must be/);
    },
  );

  it('is not quoted in errors, since flags may hold secrets', () => {
    const error = failure({ env: { NACOS_SERVING_CLI: '{"password":"hunter2"' } });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  });

  it('of another version may name more than we know', () => {
    const { notices } = load({ env: { NACOS_SERVING_CLI: '{"service.color":"red"}' } });
    expect(notices).toEqual(['the flag for service.color is not known to this version']);
  });

  it('tells a process that the command line started it', () => {
    expect(startedByCli({ NACOS_SERVING_CLI: '{}' })).toBe(true);
    expect(startedByCli({ NACOS_SERVING_CLI: '' })).toBe(false);
    expect(startedByCli({})).toBe(false);
  });
});
