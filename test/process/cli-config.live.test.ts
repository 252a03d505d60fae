/** `nacos-serving config` as a program, against our dev server and real ones. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { tempFolder } from '../unit/house/temp-folder.js';
import { aLookupScene, type LookupScene } from './lookup-scene.js';

let scene: LookupScene;
beforeEach(async () => {
  scene = await aLookupScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

describe('config', () => {
  it('puts standard input, gets it as it was, and removes it', async () => {
    const dataId = `${scene.registry.uniqueName('app')}.yaml`;
    const content = 'greeting: "h\u00e4llo"\n# no line end';
    const put = await scene.cli(['config', 'put', dataId], { input: content });
    expect(put).toMatchObject({ code: 0, stdout: '' });
    expect(put.stderr).toContain(`published DEFAULT_GROUP/${dataId}, 32 bytes (`);

    expect(await scene.cli(['config', 'get', dataId])).toEqual({
      code: 0,
      stdout: content,
      stderr: '',
    });
    const { stdout } = await scene.cli(['config', 'get', dataId, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      dataId,
      group: 'DEFAULT_GROUP',
      namespace: 'public',
      content,
      type: 'yaml',
      md5: md5(content),
      source: 'server',
    });

    expect(await scene.cli(['config', 'rm', dataId])).toMatchObject({ code: 0, stdout: '' });
    // A server may show a removed one for a moment.
    await vi.waitFor(async () => {
      const gone = await scene.cli(['config', 'get', dataId]);
      expect(gone).toMatchObject({ code: 1, stdout: '' });
      expect(gone.stderr).toContain(`there is no config ${dataId} in group DEFAULT_GROUP`);
    }, 10_000);
  });

  it('puts a file, and refuses when the content is not the expected one any more', async () => {
    using folder = tempFolder({ 'new.json': '{"a":2}' });
    const dataId = scene.registry.uniqueName('cas');
    await scene.client.config.publish(dataId, 'SHOP', '{"a":1}');
    const words = ['config', 'put', dataId, path.join(folder.path, 'new.json'), '-g', 'SHOP'];
    const refused = await scene.cli([...words, '--cas-md5', md5('something else')]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    if (scene.registry.kind === 'r-nacos') {
      expect(refused.stderr).toContain('r-nacos has no compare-and-set');
      expect(await scene.cli(words)).toMatchObject({ code: 0 });
    } else {
      expect(refused.stderr).toContain('its content is not the expected one any more');
      const taken = await scene.cli([...words, '--type', 'json', '--cas-md5', md5('{"a":1}')]);
      expect(taken).toMatchObject({ code: 0 });
    }
    await vi.waitFor(async () => {
      const version = await scene.client.config.get(dataId, 'SHOP');
      expect(version).toMatchObject({ content: '{"a":2}' });
    }, 10_000);
  });

  it('watches: the content of now, each change, the removal; Ctrl-C ends it with 0', async () => {
    const dataId = scene.registry.uniqueName('watched');
    const child = scene.start(['config', 'watch', dataId]);
    await child.line(new RegExp(`DEFAULT_GROUP/${dataId} is not there yet$`));
    await scene.client.config.publish(dataId, undefined, 'first');
    await child.line(new RegExp(`DEFAULT_GROUP/${dataId} text, 5 bytes, md5 ${md5('first')}$`));
    await child.line(/^first$/);
    await scene.client.config.publish(dataId, undefined, 'second');
    await child.line(/^second$/);
    await scene.client.config.remove(dataId);
    await child.line(new RegExp(`DEFAULT_GROUP/${dataId} was removed$`));
    child.kill('SIGINT');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it('exports what matches, and imports it again', async () => {
    const group = scene.registry.uniqueName('EXPORTED');
    const contents = { 'a.yaml': 'a: 1\n', 'b.json': '{}', c: 'text' };
    for (const [dataId, content] of Object.entries(contents)) {
      await scene.client.config.publish(dataId, group, content);
    }
    using folder = tempFolder({});
    const target = path.join(folder.path, 'out');
    const out = await scene.cli(['config', 'export', target, '--group', group]);
    expect(out).toMatchObject({ code: 0, stdout: '' });
    expect(out.stderr).toContain('exported 3 configs of ');
    for (const [dataId, content] of Object.entries(contents)) {
      expect(readFileSync(path.join(target, group, dataId), 'utf8')).toBe(content);
    }

    const again = await scene.cli(['config', 'import', target]);
    expect(again.stderr).toContain('0 published, 3 the same already (');
    await scene.client.config.publish('c', group, 'changed');
    await vi.waitFor(async () => {
      expect((await scene.client.config.get('c', group))?.content).toBe('changed');
    }, 10_000);
    const refused = await scene.cli(['config', 'import', target]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${group}/c is there with another content`);
    expect((await scene.client.config.get('c', group))?.content).toBe('changed');
    const kept = await scene.cli(['config', 'import', target, '--existing', 'keep']);
    expect(kept.stderr).toContain('0 published, 2 the same already, 1 kept');
    const replaced = await scene.cli(['config', 'import', target, '--existing', 'replace']);
    expect(replaced.stderr).toContain('1 published, 2 the same already');
    await vi.waitFor(async () => {
      expect((await scene.client.config.get('c', group))?.content).toBe('text');
    }, 10_000);

    const twice = await scene.cli(['config', 'export', target, '--group', group]);
    expect(twice).toMatchObject({ code: 2 });
    expect(twice.stderr).toContain('has something in it: export into a new folder');
  });

  it('says that it cannot export into a folder that no system makes', async () => {
    const out = await scene.cli(['config', 'export', '/proc/nacos-serving/out']);
    expect(out).toMatchObject({ code: 2, stdout: '' });
    expect(out.stderr).toMatch(/\/proc\/nacos-serving\/out cannot be written: E[A-Z]+/);
  });

  it('publishes nothing from a file in another encoding', async () => {
    using folder = tempFolder({});
    const file = path.join(folder.path, 'latin1.txt');
    writeFileSync(file, Buffer.from([0x67, 0xfc, 0x6e]));
    const dataId = scene.registry.uniqueName('latin1');
    const put = await scene.cli(['config', 'put', dataId, file]);
    expect(put.code).not.toBe(0);
    expect(put.stderr).toContain('latin1.txt is no text in UTF-8');
    expect(await scene.client.config.get(dataId)).toBeUndefined();
  });

  it('publishes nothing from a file that is not there', async () => {
    const dataId = scene.registry.uniqueName('none');
    expect(await scene.cli(['config', 'put', dataId, '/nowhere.yaml'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nacos-serving: /nowhere.yaml cannot be read: ENOENT\n',
    });
    expect(existsSync('/nowhere.yaml')).toBe(false);
    expect(await scene.client.config.get(dataId)).toBeUndefined();
  });
});
