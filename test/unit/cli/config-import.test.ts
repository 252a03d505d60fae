import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, vi } from 'vitest';

import { importConfigs } from '../../../src/cli/commands/config-import.js';
import type { ImportInvocation } from '../../../src/cli/config-args.js';
import type { RegistryAccess } from '../../../src/cli/registry-access.js';
import { aConfigClient, PUBLISH } from '../../helpers/fake-configs.js';
import { tempFolder } from '../house/temp-folder.js';

async function anImport(folder: string) {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { config, server } = await aConfigClient();
  const access = { config, where: 'here' } as unknown as RegistryAccess; // all of it that is used
  const words = { folder, existing: 'replace', timeoutMs: 3000 } as ImportInvocation; // all of it that is used
  const published = () => server.last.unarySent.filter(({ type }) => type === PUBLISH).length;
  return { done: importConfigs(words, access), published };
}

it('publishes what lies in a folder', async () => {
  using folder = tempFolder({ 'G/a.yaml': 'a: 1', 'G/b.yaml': '\ufeffb: 1' });
  const { done, published } = await anImport(folder.path);
  expect(await done).toBe(0);
  expect(published()).toBe(2);
});

it.each([
  ['that Nacos stores none such of', Buffer.from(' \n'), 'G/b.yaml: content is blank'],
  ['in another encoding', Buffer.from([0xfc, 0x62]), 'b.yaml is no text in UTF-8'],
])('writes nothing when there is a content %s, and names it', async (_, bytes, why) => {
  using folder = tempFolder({ 'G/a.yaml': 'a: 1', 'G/b.yaml': '' });
  writeFileSync(path.join(folder.path, 'G', 'b.yaml'), bytes);
  const { done, published } = await anImport(folder.path);
  await expect(done).rejects.toThrow(why);
  expect(published()).toBe(0);
});
