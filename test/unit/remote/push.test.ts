import { describe, expect, it } from 'vitest';

import { readJsonPush } from '../../../src/remote/push.js';
import { aReadySession } from '../../helpers/session-fixture.js';

describe('requests of the server', () => {
  it.each([
    ['ClientDetectionRequest', 'ClientDetectionResponse'],
    ['ConnectResetRequest', 'ConnectResetResponse'],
    ['NotifySubscriberRequest', 'NotifySubscriberResponse'],
  ])('trap 6: %s is answered at once with its own id', async (request, response) => {
    const { server } = await aReadySession();
    const connection = server.last;
    connection.push(request, { requestId: '4711', serverIp: '', module: 'internal' });
    const answer = connection.streamSent.at(-1);
    expect(answer?.type).toBe(response);
    expect(answer?.body).toMatchObject({ requestId: '4711', resultCode: 200, success: true });
  });

  it('trap 7: the acknowledgement of the setup is not answered, even if it comes again', async () => {
    const { server } = await aReadySession();
    server.last.push('SetupAckRequest', { requestId: '1', abilityTable: {} });
    expect(server.last.streamSent.map((sent) => sent.type)).toEqual(['ConnectionSetupRequest']);
  });

  it('get no answer when their class is unknown', async () => {
    const { server, session } = await aReadySession();
    server.last.push('NewFeatureRequest', { requestId: '1' });
    expect(server.last.streamSent).toHaveLength(1);
    expect(session.state).toBe('ready');
  });

  it('get a negative answer when their handler fails, so that the server sends them again', async () => {
    const { server, session, log } = await aReadySession();
    session.handle('ConfigChangeNotifyRequest', readJsonPush, () => {
      throw new Error('broken handler');
    });
    server.last.push('ConfigChangeNotifyRequest', { requestId: '9' });
    expect(server.last.streamSent.at(-1)).toMatchObject({
      type: 'ErrorResponse',
      body: { requestId: '9', resultCode: 500, errorCode: -500 },
    });
    expect(log.join('\n')).toContain('broken handler');
    expect(session.state).toBe('ready');
  });

  it('of an older connection are answered but change nothing', async () => {
    const { server, naming, clock } = await aReadySession();
    const subscription = naming.subscribe('orders');
    await clock.advance(0);
    const [old] = server.connections;
    old?.push('ConnectResetRequest', { requestId: '1' });
    await clock.advance(200);
    expect(server.connections).toHaveLength(2);
    const before = subscription.snapshot;
    old?.push('NotifySubscriberRequest', {
      requestId: '2',
      serviceInfo: {
        name: 'orders',
        groupName: 'DEFAULT_GROUP',
        hosts: [{ ip: '10.1.1.1', port: 1 }],
        lastRefTime: 99,
      },
    });
    expect(subscription.snapshot).toBe(before);
    expect(old?.streamSent.at(-1)?.body).toMatchObject({ requestId: '2', success: true });
  });
});
