import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { SPRING_NAMES, VARIABLE_NAMES } from '../../../src/options/borrowed-names.js';
import { ROOT } from '../house/temp-folder.js';
import { load } from './loading.js';

const SPRING_FILE = `
spring:
  application:
    name: orders-app
  datasource:
    url: jdbc:mysql://db/orders
  cloud:
    nacos:
      username: app
      password: secret-word
      discovery:
        server-addr: \${NACOS_ADDR:10.0.0.1:8848}
        namespace: ""
        group: SHOP
        clusterName: EAST
        weight: 0.5
        port: -1
        instance-enabled: false
        heart-beat-interval: 5000
        graceful-shutdown-wait-time: 2500
        metadata:
          version: 1.10
    inetutils:
      preferred-networks: ["192.168", "10\\\\..*"]
      ignored-interfaces: docker0, veth.*
`;

describe('settings of Spring', () => {
  it('in the option file give what they mean to the options', () => {
    const { options, origins, notices } = load({ files: { 'nacos.yaml': SPRING_FILE } });
    expect(options).toMatchObject({
      server: [{ host: '10.0.0.1', port: 8848 }],
      namespace: 'public',
      username: 'app',
      service: {
        name: 'orders-app',
        group: 'SHOP',
        cluster: 'EAST',
        weight: 0.5,
        port: undefined,
        metadata: { version: '1.10' },
      },
      network: { prefer: ['192.168.0.0/16', '10.0.0.0/8'], ignore: ['docker0', 'veth*'] },
      readiness: { registerDisabled: true },
      shutdown: { quietTimeMs: 2500 },
    });
    expect(options.password?.reveal()).toBe('secret-word');
    expect(origins['service.group']).toBe('nacos.yaml:14');
    expect(notices).toEqual([
      expect.stringMatching(
        /^spring\.cloud\.nacos\.discovery\.heart-beat-interval \(nacos\.yaml:19:30\) has no counterpart/,
      ),
    ]);
  });

  it('may be written with dots, and a variable fills a placeholder', () => {
    const { options } = load({
      files: {
        'nacos.json': '{"spring.cloud.nacos.discovery.server-addr": "${nacos.addr}:18848"}',
      },
      env: { NACOS_ADDR: 'registry' },
    });
    expect(options.server).toMatchObject([{ host: 'registry', port: 18848 }]);
  });

  it('as variables are read however Spring would read them', () => {
    const { options, origins } = load({
      env: {
        SPRING_CLOUD_NACOS_DISCOVERY_SERVERADDR: '10.0.0.2',
        SPRING_CLOUD_NACOS_DISCOVERY_CLUSTER_NAME: 'WEST',
        SPRING_CLOUD_NACOS_DISCOVERY_METADATA_VERSION: '2',
        SPRING_CLOUD_NACOS_DISCOVERY_METADATA_ZONE_NAME: 'b',
        SPRING_APPLICATION_NAME: 'orders',
      },
    });
    expect(options.server).toMatchObject([{ host: '10.0.0.2', port: 8848 }]);
    expect(options.service).toMatchObject({
      name: 'orders',
      cluster: 'WEST',
      metadata: { version: '2', 'zone.name': 'b' },
    });
    expect(origins['server']).toBe('env SPRING_CLOUD_NACOS_DISCOVERY_SERVERADDR');
  });

  it('give way to everything that was written for us, and the nearer of two names counts', () => {
    const { options } = load({
      files: {
        'nacos.yaml': `
spring.cloud.nacos.discovery.service: near
spring.application.name: far
spring.cloud.nacos.discovery.group: SPRING
service: {group: OURS}
`,
      },
      env: { SPRING_CLOUD_NACOS_DISCOVERY_GROUP: 'VARIABLE' },
    });
    expect(options.service).toMatchObject({ name: 'near', group: 'OURS' });
  });
});

describe('variables of EDAS and MSE', () => {
  it('give the namespace, below our own variable', () => {
    const env = { ALIBABA_ALIWARE_NAMESPACE: 'team-a' };
    expect(load({ env }).options.namespace).toBe('team-a');
    expect(load({ env: { ...env, NACOS_NAMESPACE: 'team-b' } }).options.namespace).toBe('team-b');
  });

  it('that cannot be used are said and left out: they were written for somebody else', () => {
    const { options, notices } = load({ env: { ALIBABA_ALIWARE_NAMESPACE: 'cn-hangzhou:a/b' } });
    expect(options.namespace).toBe('public');
    expect(notices).toEqual([
      'ALIBABA_ALIWARE_NAMESPACE = "cn-hangzhou:a/b" (env ALIBABA_ALIWARE_NAMESPACE): must be 1 to 64 letters, digits, - and _; ignored',
    ]);
  });

  it('half of a login is left out, and its value is not told', () => {
    const { options, notices } = load({
      env: { SPRING_CLOUD_NACOS_PASSWORD: 'secret-word' },
    });
    expect(options.password).toBeUndefined();
    expect(notices.join()).toContain('SPRING_CLOUD_NACOS_PASSWORD');
    expect(notices.join()).not.toContain('secret-word');
  });
});

describe('the page on migration', () => {
  it('names each setting of a neighbour that is read, and the option it gives', () => {
    const page = readFileSync(path.join(ROOT, 'docs/migration.md'), 'utf8');
    const lines = page.split('\n');
    for (const { name, path: option } of [...SPRING_NAMES, ...VARIABLE_NAMES]) {
      const line = lines.find((each) => each.includes(`\`${name}\``));
      expect(line, name).toContain(option.includes('.') ? option : `nacos.${option}`);
    }
  });
});
