import { describe, expect, it } from 'vitest';

import type { HttpReply } from '../../../src/config/http-get.js';
import { aConfigClient, md5 } from '../../helpers/fake-configs.js';
import { typedFailure, type FakeServer } from '../../helpers/fake-transport.js';

const REMOVE = 'ConfigRemoveRequest';

/** A client whose HTTP calls are answered one after the other, and what they asked for. */
async function aConsole(replies: readonly HttpReply[], prepare?: (server: FakeServer) => void) {
  const asked: string[] = [];
  const left = [...replies];
  const fixture = await aConfigClient(
    {
      get: (path, query) => {
        asked.push(`${path}?${new URLSearchParams(query).toString()}`);
        const reply = left.shift();
        return reply === undefined
          ? Promise.reject(new TypeError('not so much'))
          : Promise.resolve(reply);
      },
    },
    prepare,
  );
  return { ...fixture, asked };
}

const json = (body: unknown, status = 200): HttpReply => ({ status, body: JSON.stringify(body) });

describe('the list of configs', () => {
  it('is the admin API of Nacos 3', async () => {
    const item = { groupName: 'G', dataId: 'a', md5: 'm', type: 'yaml' };
    const { config, asked } = await aConsole([
      json({ code: 0, data: { totalCount: 7, pageItems: [item] } }),
    ]);
    expect(await config.list({ dataId: 'a*', page: 2, pageSize: 3 })).toEqual({
      count: 7,
      configs: [{ namespace: 'public', group: 'G', dataId: 'a', type: 'yaml', md5: 'm' }],
    });
    expect(asked).toEqual([
      '/v3/admin/cs/config/list?namespaceId=public&groupName=*&dataId=a*&search=blur&pageNo=2&pageSize=3',
    ]);
  });

  it('of r-nacos is filtered here, page by page, since it knows no wildcards', async () => {
    const items = Array.from({ length: 500 }, (_, at) => ({
      group: 'G',
      dataId: `${at % 2 === 0 ? '' : 'x'}a-${String(at)}`,
      content: 'c',
    }));
    const { config, asked, clock } = await aConsole(
      [
        json({ totalCount: 501, pageItems: items }),
        json({ totalCount: 501, pageItems: [{ group: 'G', dataId: 'a-last', content: 'c' }] }),
      ],
      (server) => {
        server.negotiates = false;
      },
    );
    const found = config.list({ dataId: 'a-*', page: 3, pageSize: 125 });
    await clock.advance(200);
    const { count, configs } = await found;
    expect(count).toBe(251);
    expect(configs).toEqual([
      { namespace: 'public', group: 'G', dataId: 'a-last', type: 'text', md5: md5('c') },
    ]);
    expect(asked.map((url) => /[?&]dataId=([^&]*)/.exec(url)?.[1])).toEqual(['a-', 'a-']);
  });

  it.each([
    [json({ message: 'gone' }, 410), 'SERVER_UNSUPPORTED'],
    [json({}, 404), 'SERVER_UNSUPPORTED'],
    [json({ message: 'database away' }, 500), 'SERVER_FAILED'],
    [{ status: 200, body: '<html>' }, 'SERVER_FAILED'],
    [json({ code: 0 }), 'UNEXPECTED_RESPONSE'],
  ])('that is answered with %j fails with %s', async (reply, code) => {
    const { config } = await aConsole([reply]);
    await expect(config.list()).rejects.toMatchObject({ code });
  });

  it.each([{ page: 0 }, { pageSize: 501 }, { dataId: 'a*b' }, { group: 'a b' }])(
    'refuses %j',
    async (options) => {
      const { config, asked } = await aConsole([]);
      await expect(config.list(options)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
      expect(asked).toEqual([]);
    },
  );
});

describe('removing what is for some clients', () => {
  const names = (server: FakeServer) =>
    server.last.unarySent.filter(({ type }) => type === REMOVE).map(({ body }) => body['tag']);
  const NONE = 'Cannot invoke "ConfigInfoGrayWrapper.getId()" because "gray" is null';

  it('names the tag, and where there is no such version the version of the tag', async () => {
    const { config, server } = await aConfigClient();
    await config.remove('app', undefined, { tag: 'blue' });
    expect(names(server)).toEqual(['blue']);
    server.answers.set(REMOVE, () => typedFailure(0, NONE));
    await config.remove('app', undefined, { tag: 'blue', beta: true });
    expect(names(server)).toEqual(['blue', 'blue', 'tag_blue', 'beta']);
  });

  it('tells other failures', async () => {
    const { config, server } = await aConfigClient();
    server.answers.set(REMOVE, () => typedFailure(0, 'database away'));
    await expect(config.remove('app', undefined, { beta: true })).rejects.toMatchObject({
      code: 'SERVER_FAILED',
    });
  });
});
