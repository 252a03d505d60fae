/** Settings are guests of the process: they follow Nacos and do not keep it alive, and a start that waits ends with it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, it } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { aConfigWriter } from '../helpers/config-writer.js';

const INDEX = pathToFileURL(path.resolve(import.meta.dirname, '..', '..', 'dist', 'index.js')).href;
const SCRIPT = (end: string): string => `
  const { createClient, createSettings } = await import(${JSON.stringify(INDEX)});
  const client = createClient({ server: process.env.SERVER });
  const settings = await createSettings({ config: client.config, imports: ['nacos:app.toml'], local: 'none.yaml' });
  console.log('a is ' + settings.get('a'));
  ${end}
`;

it('a process that follows settings ends by itself, closed or not', async () => {
  await using dev = await startDevServer({ port: 0, logger: silentLogger, configDelayMs: 1 });
  await using writer = aConfigWriter(dev.address);
  await writer.put('app.toml', 'a = 1\n');
  for (const end of ['', 'await settings.close(); await client.close();']) {
    await using child = startNode(['--input-type=module', '--eval', SCRIPT(end)], {
      env: { SERVER: dev.address },
    });
    const { code } = await child.exit();
    expect(child.lines).toEqual(['a is 1']);
    expect(code).toBe(0);
  }
});

it('loads no parser that no content asks for', () => {
  const script = `
    const { createSettings } = await import(${JSON.stringify(INDEX)});
    const config = { get: () => Promise.resolve({ content: 'a=1', md5: '', source: 'server', type: 'text' }), listen: () => ({ close: () => Promise.resolve() }) };
    const settings = await createSettings({ config, imports: ['nacos:app.properties'] });
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify({ a: settings.get('a'), yaml: loaded.some((file) => file.includes('/yaml/')) }));
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toEqual({ a: '1', yaml: false });
});
