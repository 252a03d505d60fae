import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import type { ListeningServer, RegistrationStatus } from '../../src/process-hub.js';
import type { Registrar } from '../../src/registration/registrar-options.js';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';
import { openApps, type Apps } from '../integration/registration-fixture.js';

const SOON = { timeout: 15_000, interval: 100 };

interface Edit {
  readonly weight: number;
  readonly enabled: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

let registry: TestRegistry;
let proxy: FaultProxy;
let provider: NacosClient;
let consumer: NacosClient;
let apps: Apps;
let service: string;
let server: ListeningServer;
let registrar: Registrar;
/** r-nacos keeps no edit apart from the registration: it mixes both (docs/runtime-changes.md). */
let keepsEdits: boolean;

beforeAll(async () => {
  registry = await openRegistry();
  keepsEdits = registry.kind !== 'r-nacos';
});
afterAll(() => registry.close());

beforeEach(async () => {
  proxy = await startFaultProxy({ host: registry.host, port: registry.grpcPort });
  provider = createClient({
    server: proxy.nacosAddress,
    logger: silentLogger,
  });
  consumer = createClient({ server: registry.address, logger: silentLogger });
  apps = openApps();
  service = registry.uniqueName('edited');
  server = await apps.listen();
  registrar = apps.registrar(provider, service, { service: { metadata: { v: '1', zone: 'a' } } });
  registrar.serverUp(server);
  await registrar.registered();
});
afterEach(async () => {
  await apps.close();
  await Promise.all([provider.close(), consumer.close(), proxy.close()]);
});

/** As the page of an instance in the console of 2.x and 3.x does it. */
async function edit({ weight, enabled, metadata }: Edit): Promise<void> {
  const isV3 = registry.kind === 'nacos-3';
  const fields = new URLSearchParams({
    serviceName: isV3 ? service : `DEFAULT_GROUP@@${service}`,
    groupName: 'DEFAULT_GROUP',
    clusterName: 'DEFAULT',
    ip: '10.99.0.2',
    port: String(server.port),
    ephemeral: 'true',
    namespaceId: isV3 ? 'public' : '',
    weight: String(weight),
    enabled: String(enabled),
    metadata: JSON.stringify(metadata),
  });
  const path = isV3 ? 'v3/admin/ns/instance' : 'v1/ns/instance';
  const url = `http://${registry.address}/nacos/${path}?${fields.toString()}`;
  const answer = await fetch(url, { method: 'PUT' });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('ok')]);
}

async function listed(): Promise<Edit | undefined> {
  const [instance] = (await consumer.naming.query(service)).instances;
  if (instance === undefined) return undefined;
  const { weight, enabled, metadata } = instance;
  return { weight, enabled, metadata };
}

async function look(): Promise<RegistrationStatus | undefined> {
  return (await registrar.look())[0];
}

/** The client connects anew by itself, and registers again what is wanted. */
async function reconnect(): Promise<void> {
  let lost = false;
  const stop = provider.naming.onConnectionState(() => {
    lost = true;
  });
  proxy.cut();
  await expect.poll(() => lost && provider.naming.connectionState, SOON).toBe('ready');
  stop();
}

describe('an operator’s edit in the console', () => {
  it('is shown, stays over a reconnect and over a change of another field', async () => {
    const edited = { weight: 5, enabled: true, metadata: { v: '9', zone: 'a', note: 'op' } };
    await edit(edited);
    await expect.poll(listed, SOON).toEqual(edited);
    await expect
      .poll(look, SOON)
      .toMatchObject({ state: 'registered', weight: 5, metadata: edited.metadata });

    if (keepsEdits) {
      await reconnect();
      await expect.poll(listed, SOON).toEqual(edited);
      // The replay has come through, and another second does not change it.
      await registrar.change({ metadata: { added: 'yes' } });
      const both = { ...edited, metadata: { ...edited.metadata, added: 'yes' } };
      await expect.poll(listed, SOON).toEqual(both);
      await expect.poll(look, SOON).toMatchObject({ weight: 5, problem: undefined });
    }
  });

  it('that disables the instance stays, and a change by code says that it cannot undo it', async () => {
    await edit({ weight: 1, enabled: false, metadata: { v: '1', zone: 'a' } });
    await expect.poll(listed, SOON).toBeUndefined();
    await expect.poll(look, SOON).toMatchObject({ state: 'registered', enabled: false });
    const [status] = await registrar.change({ enabled: true });
    expect(status).toMatchObject({ enabled: false });
    expect(status?.problem).toContain('disabled in Nacos by an edit there');
    if (keepsEdits) await reconnect();
    expect(await listed()).toBeUndefined();
    await edit({ weight: 1, enabled: true, metadata: { v: '1', zone: 'a' } });
    await expect.poll(look, SOON).toMatchObject({ enabled: true, problem: undefined });
  });

  it('counts more than weight and metadata by code, and the status says so', async () => {
    await edit({ weight: 5, enabled: true, metadata: { v: '9', zone: 'a' } });
    await expect.poll(listed, SOON).toMatchObject({ weight: 5 });
    const [status] = await registrar.change({ weight: 2, metadata: { v: '2' } });
    if (keepsEdits) {
      expect(status).toMatchObject({
        weight: 5,
        problem: 'an edit in Nacos counts more than this client: weight 5, metadata v stays',
      });
      expect(await listed()).toMatchObject({ weight: 5, metadata: { v: '9' } });
    } else {
      expect(status).toMatchObject({ weight: 2 });
    }
  });

  it('keeps it enabled: to take it down by code takes it out, and to take it up puts it back', async () => {
    await edit({ weight: 5, enabled: true, metadata: { v: '1', zone: 'a' } });
    await expect.poll(listed, SOON).toMatchObject({ weight: 5 });
    const [down] = await registrar.change({ enabled: false });
    expect(down).toMatchObject({ enabled: false, state: keepsEdits ? 'waiting' : 'registered' });
    await expect.poll(listed, SOON).toBeUndefined();
    await reconnect();
    expect(await listed()).toBeUndefined();
    const [up] = await registrar.change({ enabled: true });
    expect(up).toMatchObject({ enabled: true, state: 'registered' });
    await expect.poll(listed, SOON).toMatchObject({ enabled: true });
  });
});
