import { describe, expect, it } from 'vitest';

import {
  ABILITIES,
  anInstance,
  aServer,
  query,
  registration,
  subscription,
  target,
  type Message,
} from './fixture.js';

describe('order of unary requests', () => {
  it('trap 21: answers ServerCheck before a setup, and 301 to everything else, also to a health check', async () => {
    const client = aServer().open();
    const check = await client.call('ServerCheckRequest');
    expect(check.type).toBe('ServerCheckResponse');
    expect(check.body).toEqual({
      resultCode: 200,
      errorCode: 0,
      success: true,
      connectionId: client.peer.connectionId,
      supportAbilityNegotiation: true,
    });
    for (const type of ['HealthCheckRequest', 'InstanceRequest', 'ConfigQueryRequest']) {
      expect(await client.call(type)).toEqual({
        type: 'ErrorResponse',
        body: {
          resultCode: 500,
          errorCode: 301,
          message: 'Connection is unregistered.',
          success: false,
        },
      });
    }
  });

  it('trap 21: takes the setup before the server check, as the Rust client sends them', async () => {
    const client = aServer().open();
    client.setUp();
    expect((await client.call('HealthCheckRequest')).type).toBe('HealthCheckResponse');
    expect((await client.call('ServerCheckRequest')).type).toBe('ServerCheckResponse');
  });

  it('answers 302 to a type without handler, also on an unregistered connection', async () => {
    const server = aServer();
    for (const client of [server.open(), server.client()]) {
      const { type, body } = await client.call('LockOperationRequest');
      expect(type).toBe('ErrorResponse');
      expect(body).toMatchObject({ resultCode: 500, errorCode: 302, success: false });
    }
  });

  it('answers 302 to persistent instances: its ability table says that it has none', async () => {
    const client = aServer().client();
    const { body } = await client.call('PersistentInstanceRequest', registration());
    expect(body).toMatchObject({ errorCode: 302 });
    expect(ABILITIES.supportPersistentInstanceByGrpc).toBe(false);
  });

  it('refuses what only servers of a cluster may ask, before anything else', async () => {
    const server = aServer();
    server.faults.starting = true;
    const { type, body } = await server.open().call('ServerReloadRequest');
    expect(type).toBe('ErrorResponse');
    expect(body).toMatchObject({ errorCode: 502 });
  });

  it.each(['', '{', '[]', '"text"', 'null'])('answers 502 to a body that is %j', async (body) => {
    const { type, body: answer } = await aServer().client().call('HealthCheckRequest', body);
    expect(type).toBe('ErrorResponse');
    expect(answer).toMatchObject({ resultCode: 500, errorCode: 502 });
  });

  it('reads a body only after it knows the connection', async () => {
    const { body } = await aServer().open().call('HealthCheckRequest', '{');
    expect(body).toMatchObject({ errorCode: 301 });
  });
});

describe('setup', () => {
  it('trap 22: sends SetupAck only when the setup has an ability table', () => {
    const server = aServer();
    const old = server.open();
    old.setUp({ abilities: { remoteAbility: { supportRemoteConnection: true } } });
    const nulled = server.open();
    nulled.setUp({ abilityTable: null });
    expect(server.connections.all()).toHaveLength(2);
    expect([...old.pushed, ...nulled.pushed]).toEqual([]);

    const empty = server.open();
    empty.setUp({ abilityTable: {} });
    expect(empty.pushed).toEqual([
      {
        type: 'SetupAckRequest',
        body: { headers: {}, module: 'internal', abilityTable: ABILITIES },
      },
    ]);
  });

  it('registers a connection by a setup without labels, which then may not publish', async () => {
    const client = aServer().open();
    client.send('ConnectionSetupRequest', {});
    expect((await client.call('HealthCheckRequest')).type).toBe('HealthCheckResponse');
    expect((await client.call('InstanceRequest', registration())).body['errorCode']).toBe(-401);
  });

  it('keeps the first setup of a connection', () => {
    const server = aServer();
    const client = server.client('naming');
    client.setUp({ labels: { module: 'config' } });
    expect(server.connections.all().map(({ module }) => module)).toEqual(['naming']);
  });

  it('takes the client IP of the setup payload, not the address of the socket', () => {
    const server = aServer();
    server.client();
    expect(server.connections.all().map(({ clientIp }) => clientIp)).toEqual(['10.0.0.5']);
  });

  it('closes the connection when it is starting', () => {
    const server = aServer();
    server.faults.starting = true;
    const client = server.open();
    client.setUp();
    expect(client.dropped).toBe(true);
    expect(server.connections.all()).toEqual([]);
  });

  it('goes on after a stream message that is no JSON, or of an unknown type', async () => {
    const client = aServer().open();
    client.send('ConnectionSetupRequest', '{');
    client.send('Hello', {});
    client.setUp();
    expect((await client.call('HealthCheckRequest')).type).toBe('HealthCheckResponse');
  });
});

describe('failures', () => {
  it('trap 24: answers a bad parameter by the type of the request, with codes that agree', async () => {
    const client = aServer().client();
    const { type, body } = await client.call(
      'InstanceRequest',
      registration({}, { serviceName: 'a@@b' }),
    );
    expect(type).toBe('InstanceResponse');
    expect(body).toEqual({
      resultCode: 500,
      errorCode: 400,
      message:
        "Param check invalid:Param 'serviceName' is illegal, illegal characters should not appear in the param.",
      success: false,
    });
  });

  it('trap 24: answers what fails in a handler by an ErrorResponse with twice the same code', async () => {
    const client = aServer().client();
    const { type, body } = await client.call(
      'InstanceRequest',
      registration({}, { type: 'moveInstance' }),
    );
    expect(type).toBe('ErrorResponse');
    expect(body).toEqual({
      resultCode: 400,
      errorCode: 400,
      message: 'Unsupported request type moveInstance',
      success: false,
    });
  });

  it('trap 24: plays a planned failure as the type of the request or as an ErrorResponse, as often as told', async () => {
    const server = aServer();
    const client = server.client();
    const plan = { errorCode: 403, message: 'no right', asErrorResponse: false };
    server.faults.planFailure('InstanceRequest', plan, 2);
    for (const expected of ['InstanceResponse', 'InstanceResponse']) {
      const { type, body } = await client.call('InstanceRequest', registration());
      expect(type).toBe(expected);
      expect(body).toMatchObject({ resultCode: 500, errorCode: 403, success: false });
    }
    expect((await client.call('InstanceRequest', registration())).body['resultCode']).toBe(200);

    server.faults.planFailure('ServerCheckRequest', { ...plan, asErrorResponse: true }, 1);
    expect((await server.open().call('ServerCheckRequest')).type).toBe('ErrorResponse');
    expect((await server.open().call('ServerCheckRequest')).type).toBe('ServerCheckResponse');
  });

  it('does not count a planned failure down for a connection that is not registered', async () => {
    const server = aServer();
    const plan = { errorCode: 500, message: 'x', asErrorResponse: true };
    server.faults.planFailure('HealthCheckRequest', plan, 1);
    expect((await server.open().call('HealthCheckRequest')).body['errorCode']).toBe(301);
    expect((await server.client().call('HealthCheckRequest')).body['errorCode']).toBe(500);
  });

  it('holds the answer to a throttled request back for a second', async () => {
    const server = aServer();
    const client = server.client();
    const plan = { errorCode: 503, message: 'Tps Flow restricted:x', asErrorResponse: false };
    server.faults.planFailure('ServiceQueryRequest', plan, 1);
    let answer: Message | undefined;
    void client.call('ServiceQueryRequest', query()).then((message) => (answer = message));
    await server.clock.advance(999);
    expect(answer).toBeUndefined();
    await server.clock.advance(1);
    expect(answer?.type).toBe('QueryServiceResponse');
  });

  it('does the work of a delayed request at once and answers it later', async () => {
    const server = aServer();
    const client = server.client();
    server.faults.delayMs = 200;
    let answered = false;
    void client.call('InstanceRequest', registration()).then(() => (answered = true));
    expect(server.registry.naming.instances(orders)).toHaveLength(1);
    await server.clock.advance(199);
    expect(answered).toBe(false);
    await server.clock.advance(1);
    expect(answered).toBe(true);
  });
});

describe('what clients must not leave out', () => {
  it.each(['ip', 'port', 'weight', 'healthy', 'enabled', 'ephemeral'])(
    'trap 19: refuses an instance without %s, and with null there',
    async (field) => {
      const client = aServer().client();
      for (const value of [undefined, null]) {
        const { type, body } = await client.call(
          'InstanceRequest',
          registration({ [field]: value }),
        );
        expect(type).toBe('ErrorResponse');
        expect(body).toMatchObject({ resultCode: 500, errorCode: 500 });
        expect(body['message']).toContain(field);
      }
    },
  );

  it.each([
    [
      'InstanceRequest',
      registration(),
      ['namespace', 'groupName', 'serviceName', 'type', 'instance'],
    ],
    [
      'BatchInstanceRequest',
      { ...target(), type: 'batchRegisterInstance', instances: [] },
      ['instances'],
    ],
    ['SubscribeServiceRequest', subscription(), ['namespace', 'subscribe']],
    ['ServiceQueryRequest', query(), ['namespace', 'groupName', 'serviceName']],
    ['ServiceListRequest', { ...target(''), pageNo: 1, pageSize: 9 }, ['pageNo', 'pageSize']],
    ['ConfigQueryRequest', { dataId: 'a', group: 'g', tenant: '' }, ['dataId', 'group', 'tenant']],
    ['ConfigRemoveRequest', { dataId: 'a', group: 'g', tenant: '' }, ['dataId', 'group', 'tenant']],
    [
      'ConfigPublishRequest',
      { dataId: 'a', group: 'g', tenant: '', content: 'x' },
      ['tenant', 'content'],
    ],
    [
      'ConfigBatchListenRequest',
      { listen: true, configListenContexts: [] },
      ['listen', 'configListenContexts'],
    ],
  ])('trap 19: refuses a %s without one of its fields', async (type, whole, fields) => {
    const client = aServer().client();
    expect((await client.call(type, whole)).type).not.toBe('ErrorResponse');
    for (const field of fields) {
      const answer = await client.call(type, { ...whole, [field]: null });
      expect(answer.body).toMatchObject({ errorCode: 500, message: `missing field \`${field}\`` });
    }
  });

  it('trap 19: refuses a port that is no whole number', async () => {
    const { body } = await aServer()
      .client()
      .call('InstanceRequest', registration({ port: 80.5 }));
    expect(body).toMatchObject({ errorCode: 500 });
  });
});

describe('what clients may count on', () => {
  it('trap 23: writes no null and all three flags in every answer', async () => {
    const client = aServer().client();
    const config = { dataId: 'a', group: 'g', tenant: '' };
    const answers = [
      await client.call('HealthCheckRequest'),
      await client.call('InstanceRequest', registration()),
      await client.call('BatchInstanceRequest', {
        ...target(),
        type: 'batchRegisterInstance',
        instances: [anInstance()],
      }),
      await client.call('ServiceQueryRequest', query()),
      await client.call('SubscribeServiceRequest', subscription({ clusters: undefined })),
      await client.call('ServiceListRequest', { ...target(''), pageNo: 1, pageSize: 9 }),
      await client.call('ConfigQueryRequest', config),
      await client.call('ConfigPublishRequest', { ...config, content: 'x' }),
      await client.call('ConfigRemoveRequest', config),
      await client.call('ConfigBatchListenRequest', {
        listen: true,
        configListenContexts: [{ ...config, md5: 'no' }],
      }),
      await client.call('Nonsense'),
    ];
    for (const { body } of answers) {
      expect(JSON.stringify(body)).not.toContain('null');
      expect(body['success']).toBe(body['resultCode'] === 200);
      expect(body['errorCode']).toEqual(expect.any(Number));
      expect(body['errorCode'] === 0).toBe(body['success']);
      expect(body).not.toHaveProperty('tag');
    }
  });

  it('trap 23: writes every field of a service list that some client insists on', async () => {
    const client = aServer().client();
    await client.call('InstanceRequest', registration({ clusterName: '' }));
    const { body } = await client.call('ServiceQueryRequest', query());
    expect(body['serviceInfo']).toEqual({
      name: 'orders',
      groupName: 'DEFAULT_GROUP',
      clusters: '',
      cacheMillis: 10_000,
      hosts: [
        {
          instanceId: '10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@orders',
          ip: '10.0.0.1',
          port: 80,
          weight: 1,
          healthy: true,
          enabled: true,
          ephemeral: true,
          clusterName: 'DEFAULT',
          serviceName: 'DEFAULT_GROUP@@orders',
          metadata: {},
          instanceHeartBeatInterval: 5000,
          instanceHeartBeatTimeOut: 15_000,
          ipDeleteTimeout: 30_000,
          instanceIdGenerator: 'simple',
        },
      ],
      lastRefTime: expect.any(Number) as number,
      checksum: '',
      allIps: false,
      allIPs: false,
      reachProtectionThreshold: false,
      valid: true,
    });
  });
});

const orders = { namespace: 'public', service: { name: 'orders', group: 'DEFAULT_GROUP' } };
