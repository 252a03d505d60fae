import { describe, expect, it } from 'vitest';

import { failureKind } from '../../../src/wire/failures.js';
import { decodeJson } from '../../../src/wire/json.js';
import { ERROR_RESPONSE, readResponseHead } from '../../../src/wire/messages/common.js';
import {
  CONFIG_CHANGE_BATCH_LISTEN_RESPONSE,
  CONFIG_CHANGE_NOTIFY_REQUEST,
  CONFIG_QUERY_RESPONSE,
  readChangedConfigs,
  readConfigContent,
  readConfigRef,
} from '../../../src/wire/messages/config.js';
import {
  CONNECT_RESET_REQUEST,
  HEALTH_CHECK_REQUEST,
  readAbilityTable,
  readConnectReset,
  readServerCheckResponse,
  SERVER_CHECK_RESPONSE,
  SETUP_ACK_REQUEST,
} from '../../../src/wire/messages/connection.js';
import {
  BATCH_INSTANCE_RESPONSE,
  NOTIFY_SUBSCRIBER_REQUEST,
  QUERY_SERVICE_RESPONSE,
  readServiceInfo,
  readServiceList,
  SERVICE_LIST_RESPONSE,
  SUBSCRIBE_SERVICE_RESPONSE,
  type ServiceInfo,
} from '../../../src/wire/messages/naming.js';
import { decodePayload, encodePayload } from '../../../src/wire/payload.js';
import { RESPONSE_OF } from '../../../src/wire/type-map.js';
import { exchanges, loadCapture, received, SERVERS, type Capture } from './captures.js';
import { holdsNull } from './no-null.js';
import { oracleDecode } from './oracle.js';

const captures = SERVERS.map(loadCapture);
const isRNacos = (capture: Capture): boolean => capture.server.startsWith('r-nacos');
const only = <T>(list: readonly T[]): T => {
  const [first] = list;
  if (first === undefined || list.length > 1) throw new TypeError(`${String(list.length)} items`);
  return first;
};
const listsOf = (capture: Capture, step: string, name: string): ServiceInfo[] =>
  received(capture, step, name).map((message) => {
    const info = readServiceInfo(message.json);
    if (info === undefined) throw new TypeError(`${name} without serviceInfo`);
    return info;
  });
const portsOf = (info: ServiceInfo): number[] => info.hosts.map((host) => host.port).sort();
const portsSeen = (capture: Capture, step: string): number[][] =>
  listsOf(capture, step, QUERY_SERVICE_RESPONSE).map(portsOf);
const answersIn = (capture: Capture, step: string): unknown[] =>
  exchanges(capture, step).map(({ request, answer }) => [
    request.name,
    answer.name === ERROR_RESPONSE ? ERROR_RESPONSE : 'typed',
    failureKind(answer.name, readResponseHead(answer.json)),
  ]);

describe.each(captures)('what $server said', (capture) => {
  const { messages } = capture;

  it('decodes as protobuf-es decodes it, and again after we encoded it anew', () => {
    expect(messages.length).toBeGreaterThan(300);
    for (const message of messages) {
      const truth = oracleDecode(message.bytes);
      const payload = decodePayload(message.bytes);
      const facts = { ...payload, headers: { ...payload.headers }, typeUrl: truth.typeUrl };
      expect(facts).toEqual(truth);
      expect({ ...oracleDecode(encodePayload(payload)), typeUrl: truth.typeUrl }).toEqual(truth);
      expect(payload.type).toBe(message.name);
      expect(decodeJson(payload.body, payload.type)).toEqual(message.json);
    }
  });

  it('trap 1: every answer, failures too, is a payload with an empty type_url whose class tells', () => {
    for (const { bytes } of messages) expect(oracleDecode(bytes).typeUrl).toBe('');
    for (const { request, answer } of exchanges(capture)) {
      expect([RESPONSE_OF[request.name], ERROR_RESPONSE]).toContain(answer.name);
    }
    expect(capture.notes.filter(({ text }) => text.includes('Request failed'))).toEqual([]);
  });

  it('trap 19: what our encoders sent held no null', () => {
    const sent = messages.filter((message) => message.direction === 'sent');
    expect(sent.length).toBeGreaterThan(100);
    expect(sent.filter((message) => holdsNull(message.json))).toEqual([]);
  });

  it('trap 19: success is there on Nacos only, and says nothing that resultCode does not', () => {
    for (const { answer } of exchanges(capture)) {
      const { resultCode, success } = answer.json;
      expect(success).toBe(isRNacos(capture) ? undefined : resultCode === 200);
    }
  });

  it('repeats the id of a unary request on r-nacos only, and there not in internal answers', () => {
    const repeated = exchanges(capture, 'request id')
      .filter(({ answer }) => answer.json['requestId'] === 'r-1')
      .map(({ request }) => request.name);
    const own = ['Instance', 'ServiceQuery', 'SubscribeService', 'ServiceList'];
    const ofConfig = ['ConfigQuery', 'ConfigPublish', 'ConfigRemove'];
    expect(repeated).toEqual(
      isRNacos(capture) ? [...own, ...ofConfig].map((name) => `${name}Request`) : [],
    );
  });
});

describe.each(captures)('handshake of $server', (capture) => {
  it('names the connection, and negotiates abilities on Nacos only', () => {
    const check = only(received(capture, 'handshake', SERVER_CHECK_RESPONSE));
    const read = readServerCheckResponse(check.json);
    expect(read.connectionId).toMatch(isRNacos(capture) ? /^\d+_127\.0\.0\.1:\d+$/ : /^\d{13}_127/);
    expect(read.supportAbilityNegotiation).toBe(!isRNacos(capture));
    const acks = received(capture, 'handshake', SETUP_ACK_REQUEST);
    expect(acks.map((ack) => readAbilityTable(ack.json))).toEqual(
      {
        'nacos-2.5.1': [{ supportPersistentInstanceByGrpc: true }],
        'nacos-3.0.3': [
          { supportPersistentInstanceByGrpc: true, fuzzyWatch: true, lock: true, mcp: true },
        ],
        'r-nacos-0.8.8': [],
      }[capture.server],
    );
    expect(acks.map((ack) => ack.json['requestId'])).toEqual(acks.map(() => undefined));
  });

  it('acknowledges no setup without an ability table, and takes a setup before the check', () => {
    expect(received(capture, 'setup without abilities', SETUP_ACK_REQUEST)).toEqual([]);
    expect(answersIn(capture, 'setup without abilities').at(-1)).toEqual([
      HEALTH_CHECK_REQUEST,
      'typed',
      undefined,
    ]);
  });

  it('before the setup only the check is answered', () => {
    const noHandler = isRNacos(capture) ? 'unregistered' : 'unsupported';
    expect(answersIn(capture, 'unregistered')).toEqual([
      ['HealthCheckRequest', ERROR_RESPONSE, 'unregistered'],
      ['ServerCheckRequest', 'typed', undefined],
      ['HealthCheckRequest', ERROR_RESPONSE, 'unregistered'],
      ['InstanceRequest', ERROR_RESPONSE, 'unregistered'],
      ['ServiceQueryRequest', ERROR_RESPONSE, 'unregistered'],
      ['ConfigQueryRequest', ERROR_RESPONSE, 'unregistered'],
      ['NoSuchRequest', ERROR_RESPONSE, noHandler],
    ]);
  });

  it('a request right after the setup may come too early, one 100 ms later does not', () => {
    const checks = answersIn(capture, 'race').filter(
      (answer) => Array.isArray(answer) && answer[0] === HEALTH_CHECK_REQUEST,
    );
    const early = checks.filter((_, index) => index % 2 === 0);
    const late = checks.filter((_, index) => index % 2 === 1);
    expect(early).toHaveLength(10);
    for (const answer of early) {
      expect([
        [HEALTH_CHECK_REQUEST, 'typed', undefined],
        [HEALTH_CHECK_REQUEST, ERROR_RESPONSE, 'unregistered'],
      ]).toContainEqual(answer);
    }
    expect(late).toEqual(late.map(() => [HEALTH_CHECK_REQUEST, 'typed', undefined]));
  });

  it('an unknown request has no handler', () => {
    expect(answersIn(capture, 'handshake').at(-1)).toEqual([
      'NoSuchRequest',
      ERROR_RESPONSE,
      'unsupported',
    ]);
  });

  it('trap 9: a reset names the port as text', () => {
    const resets = received(capture, 'connect reset', CONNECT_RESET_REQUEST);
    expect(resets).toHaveLength(isRNacos(capture) ? 0 : 1);
    for (const reset of resets) {
      expect(reset.json['serverPort']).toBeTypeOf('string');
      const read = readConnectReset(reset.json);
      expect(read.serverIp).toBe('127.0.0.2');
      expect(read.serverPort).toMatch(/^\d+$/);
    }
  });
});

describe.each(captures)('naming on $server', (capture) => {
  it('gives back the instance that was registered, and none after it was taken out', () => {
    const [there, gone] = listsOf(capture, 'register', QUERY_SERVICE_RESPONSE);
    expect(there).toMatchObject({
      service: { group: 'DEFAULT_GROUP', name: 'registered' },
      clusters: '',
      reachProtectionThreshold: false,
      hosts: [
        {
          ip: '10.1.0.1',
          port: 8080,
          weight: 2.5,
          healthy: true,
          enabled: true,
          ephemeral: true,
          cluster: 'DEFAULT',
          metadata: { version: '1.2', umlaut: 'Grüße 你好' },
        },
      ],
    });
    expect(there?.lastRefTime).toBeGreaterThan(1.7e12);
    expect(gone?.hosts).toEqual([]);
    const list = readServiceList(only(received(capture, 'register', SERVICE_LIST_RESPONSE)).json);
    expect(list.names).toContain('registered');
    expect(list.count).toBe(list.names.length);
  });

  it('hides disabled instances; r-nacos hides unhealthy ones too, even when asked for all', () => {
    expect(portsSeen(capture, 'odd instances')).toEqual([
      isRNacos(capture) ? [8083] : [8082, 8083],
      [8083],
    ]);
  });

  it('keeps one record per connection and service on Nacos, every address on r-nacos', () => {
    expect(portsSeen(capture, 'two singles')).toEqual([isRNacos(capture) ? [8081, 8082] : [8082]]);
    expect(portsSeen(capture, 'batch then single')).toEqual([
      isRNacos(capture) ? [8081, 8082] : [8081],
    ]);
  });

  it('replaces the record by a batch on Nacos, adds to it on r-nacos; deregister clears or removes one', () => {
    const [, , afterEmpty] = received(capture, 'batch', BATCH_INSTANCE_RESPONSE);
    if (isRNacos(capture)) {
      const all = [8081, 8082, 8083];
      expect(portsSeen(capture, 'batch')).toEqual([all, all, all, [8082, 8083]]);
      expect(afterEmpty?.json).toMatchObject({ resultCode: 0, errorCode: 0, type: null });
    } else {
      expect(portsSeen(capture, 'batch')).toEqual([[8081, 8082, 8083], [8081, 8082], [], []]);
      expect(afterEmpty?.json).toMatchObject({ resultCode: 200, type: 'batchRegisterInstance' });
    }
  });

  it('a server that adds batches is known by the type in its BatchInstanceResponse', () => {
    const [first] = received(capture, 'batch', BATCH_INSTANCE_RESPONSE);
    expect(first?.json['type']).toBe(
      isRNacos(capture) ? 'registerInstance' : 'batchRegisterInstance',
    );
  });

  it('takes the removal of an unknown instance as a success, which on Nacos clears the whole record', () => {
    expect(answersIn(capture, 'deregister unknown')).toContainEqual([
      'InstanceRequest',
      'typed',
      undefined,
    ]);
    for (const { answer } of exchanges(capture, 'deregister unknown')) {
      expect(failureKind(answer.name, readResponseHead(answer.json))).toBeUndefined();
    }
    expect(portsSeen(capture, 'deregister unknown')).toEqual([isRNacos(capture) ? [8080] : []]);
  });

  it('refuses to register over a connection without the module naming, on Nacos only', () => {
    const answers = answersIn(capture, 'naming without module').slice(1);
    const refused = isRNacos(capture) ? ['typed', undefined] : [ERROR_RESPONSE, 'unregistered'];
    const each = [
      ['HealthCheckRequest', 'typed', undefined],
      ['InstanceRequest', ...refused],
      ['BatchInstanceRequest', ...refused],
      ['SubscribeServiceRequest', ...refused],
      ['ServiceQueryRequest', 'typed', undefined],
    ];
    expect(answers).toEqual([...each, ['ServerCheckRequest', 'typed', undefined], ...each]);
  });

  it('answers wrong parameters with the own class of the request on Nacos; r-nacos checks nothing', () => {
    const answers = answersIn(capture, 'wrong parameters').slice(1);
    const names = [
      'Instance',
      'Instance',
      'Instance',
      'Instance',
      'ServiceQuery',
      'SubscribeService',
    ];
    expect(answers).toEqual(
      names.map((name, index) => [
        `${name}Request`,
        !isRNacos(capture) && index === 3 ? ERROR_RESPONSE : 'typed',
        isRNacos(capture) ? undefined : 'invalid',
      ]),
    );
  });
});

describe.each(captures)('subscriptions on $server', (capture) => {
  const NONE_AFTER_REPEATED = 'no push after a repeated subscribe within 3000 ms';

  it('answers a subscription to an unknown service with an empty list, and pushes it again', () => {
    const [first] = listsOf(capture, 'subscribe', SUBSCRIBE_SERVICE_RESPONSE);
    const [push] = listsOf(capture, 'subscribe', NOTIFY_SUBSCRIBER_REQUEST);
    expect(first).toMatchObject({ service: { name: 'watched' }, hosts: [] });
    expect(push).toMatchObject({ service: { name: 'watched' }, hosts: [] });
  });

  it('repeats the list of an existing service in a push', () => {
    const [answer] = listsOf(capture, 'subscribe existing', SUBSCRIBE_SERVICE_RESPONSE);
    const push = only(listsOf(capture, 'subscribe existing', NOTIFY_SUBSCRIBER_REQUEST));
    expect(answer?.hosts).toHaveLength(1);
    expect(push.hosts).toEqual(answer?.hosts);
    expect(push.lastRefTime).toBeGreaterThan(answer?.lastRefTime ?? Number.MAX_VALUE);
  });

  it('pushes registration, removal and disconnect, and nothing after the end', () => {
    const pushes = listsOf(capture, 'subscribe', NOTIFY_SUBSCRIBER_REQUEST).map(portsOf);
    expect(pushes).toEqual(isRNacos(capture) ? [[], [8080], [8080], []] : [[], [8080], []]);
    expect(listsOf(capture, 'disconnect', NOTIFY_SUBSCRIBER_REQUEST).map(portsOf)).toEqual([
      [8080],
      [],
    ]);
    const silences = capture.notes.filter(({ step }) => step === 'subscribe');
    expect(silences.map(({ text }) => text)).toEqual([
      ...(isRNacos(capture) ? [] : [NONE_AFTER_REPEATED]),
      'no push after unsubscribe within 3000 ms',
    ]);
  });

  it('names the service in serviceInfo alone on Nacos', () => {
    for (const push of received(capture, 'subscribe', NOTIFY_SUBSCRIBER_REQUEST)) {
      expect(push.json['requestId']).toMatch(/^\d+$/);
      expect(push.json['serviceName']).toBe(isRNacos(capture) ? 'watched' : undefined);
    }
  });

  it('keeps one cluster filter per connection and service', () => {
    const [, last] = listsOf(capture, 'two cluster filters', NOTIFY_SUBSCRIBER_REQUEST);
    expect(last?.clusters).toBe(isRNacos(capture) ? '' : 'west');
    expect(last === undefined ? [] : portsOf(last)).toEqual(
      isRNacos(capture) ? [8081, 8082] : [8082],
    );
  });

  it('repeats a push that was not acknowledged, on Nacos only', () => {
    const pushes = received(capture, 'push without ack', NOTIFY_SUBSCRIBER_REQUEST);
    expect(pushes.length > 1).toBe(!isRNacos(capture));
    expect(new Set(pushes.map((push) => push.json['requestId'])).size).toBe(pushes.length);
  });

  it('asks a silent client, and drops one that does not answer', () => {
    const asked = received(capture, 'idle and answering', 'ClientDetectionRequest');
    expect(asked).toHaveLength(1);
    expect(answersIn(capture, 'idle and answering').at(-1)).toEqual([
      HEALTH_CHECK_REQUEST,
      'typed',
      undefined,
    ]);
    const ends = capture.notes.filter(({ step }) => step === 'idle and silent');
    expect(ends.map(({ text }) => text)).toEqual([
      isRNacos(capture) ? 'stream ended: gRPC status 1' : 'stream ended: completed',
    ]);
  });
});

describe.each(captures)('config on $server', (capture) => {
  const contents = received(capture, 'config', CONFIG_QUERY_RESPONSE);

  it('trap 5: a missing config is no starting server', () => {
    const [missing] = contents;
    expect(missing?.json['errorCode']).toBe(300);
    expect(contents.map(({ name, json }) => failureKind(name, readResponseHead(json)))).toEqual([
      'missing',
      undefined,
      'missing',
      isRNacos(capture) ? 'missing' : 'invalid',
    ]);
  });

  it('reads the content that was published', () => {
    const found = contents[1];
    expect(found === undefined ? undefined : readConfigContent(found.json)).toMatchObject({
      content: 'a: 1\n# 你好',
      contentType: 'yaml',
      md5: '7c4417eb3e206225d83b9d6ab81a5eda',
      encryptedDataKey: '',
    });
  });

  it('trap 18: change notices and listen answers name the default namespace in three ways', () => {
    const ref = { namespace: 'public', group: 'DEFAULT_GROUP', dataId: 'listened.yaml' };
    const notices = received(capture, 'config listen', CONFIG_CHANGE_NOTIFY_REQUEST);
    expect(notices.map(({ json }) => readConfigRef(json))).toEqual([ref, ref]);
    expect(notices.map(({ json }) => json['tenant'])).toEqual(
      isRNacos(capture) ? ['public', 'public'] : [undefined, undefined],
    );
    const changed = received(capture, 'config listen', CONFIG_CHANGE_BATCH_LISTEN_RESPONSE);
    expect(changed.map(({ json }) => readChangedConfigs(json))).toEqual([[], [ref], [], []]);
  });

  it('a listener with the tenant public is never told anything on 2.5.1', () => {
    const notices = received(capture, 'config listen public', CONFIG_CHANGE_NOTIFY_REQUEST);
    expect(notices).toHaveLength(capture.server === 'nacos-2.5.1' ? 0 : 1);
  });
});
