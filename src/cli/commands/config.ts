/**
 * Owns `nacos-serving config`: connects, hands over to the action, and leaves nothing behind. Called by `main.ts`. get, put and rm are here. Exit codes:
 * 0 done, 1 not there, refused, or Nacos cannot be reached, 2 wrong words.
 */
import { readFileSync } from 'node:fs';
import { buffer as bytesOfStream } from 'node:stream/consumers';

import type { ConfigApi } from '../../config-api.js';
import { ConfigError } from '../../errors.js';
import type {
  ConfigInvocation,
  GetInvocation,
  PutInvocation,
  RemoveInvocation,
} from '../config-args.js';
import { usage } from '../flags.js';
import { printable } from '../printable.js';
import { openRegistry, type RegistryAccess } from '../registry-access.js';
import { say } from '../say.js';

/** @throws ConfigError, ConnectionError and what Nacos answers */
export async function config(invocation: ConfigInvocation): Promise<void> {
  // Read before anything is connected: who typed nothing to publish waits for no server.
  const content = invocation.action === 'put' ? await contentOf(invocation) : '';
  await using registry = await openRegistry(invocation);
  process.exitCode = await carryOut(invocation, registry, content);
}

async function carryOut(
  invocation: ConfigInvocation,
  registry: RegistryAccess,
  content: string,
): Promise<number> {
  switch (invocation.action) {
    case 'get':
      return get(invocation, registry.config, registry.where);
    case 'put':
      return put(invocation, registry, content);
    case 'rm':
      return remove(invocation, registry);
    case 'watch': {
      const { watchConfigs } = await import('./config-watch.js');
      return watchConfigs(invocation, registry);
    }
    case 'export': {
      const { exportConfigs } = await import('./config-export.js');
      return exportConfigs(invocation, registry);
    }
    case 'import': {
      const { importConfigs } = await import('./config-import.js');
      return importConfigs(invocation, registry);
    }
  }
}

async function get(
  { dataId, group, tag, timeoutMs, json }: GetInvocation,
  api: ConfigApi,
  where: string,
): Promise<number> {
  const version = await api.get(dataId, group, {
    timeoutMs,
    ...(tag === undefined ? {} : { tag }),
  });
  if (version === undefined) {
    say(`there is no config ${dataId} in group ${group} of ${where}`);
    return 1;
  }
  if (version.source !== 'server') say(`from the ${version.source} on this machine`);
  // As it is stored, without a line end of ours: it may go into a file.
  process.stdout.write(json ? `${JSON.stringify(version, null, 2)}\n` : version.content);
  return 0;
}

async function put(
  invocation: PutInvocation,
  { config: api, where }: RegistryAccess,
  content: string,
): Promise<number> {
  const { dataId, group, tag, type, casMd5, betaIps, tags, description, timeoutMs } = invocation;
  await api.publish(dataId, group, content, {
    timeoutMs,
    ...(type === undefined ? {} : { type }),
    ...(casMd5 === undefined ? {} : { casMd5 }),
    ...(betaIps.length === 0 ? {} : { betaIps }),
    ...(tag === undefined ? {} : { tag }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(description === undefined ? {} : { description }),
  });
  const bytes = String(Buffer.byteLength(content));
  say(`published ${group}/${dataId}, ${bytes} bytes (${where})`);
  return 0;
}

async function remove(
  { dataId, group, tag, timeoutMs }: RemoveInvocation,
  { config: api, where }: RegistryAccess,
): Promise<number> {
  await api.remove(dataId, group, { timeoutMs, ...(tag === undefined ? {} : { tag }) });
  say(`removed ${group}/${dataId} (${where})`);
  return 0;
}

async function contentOf({ file }: PutInvocation): Promise<string> {
  if (file === undefined) {
    if (process.stdin.isTTY) {
      throw usage('config put needs a file, or a content on standard input');
    }
    return textOf(await bytesOfStream(process.stdin), 'standard input');
  }
  return textOf(bytesOf(file), printable(file));
}

/** With its byte order mark. Other encodings would be stored with their letters lost. @throws ConfigError UNREADABLE_FILE */
function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError('UNREADABLE_FILE', `${name} is no text in UTF-8`, { cause });
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigError('UNREADABLE_FILE', `${printable(file)} cannot be read: ${code}`, {
      cause: error,
    });
  }
}
