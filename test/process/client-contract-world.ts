/**
 * Owns the surroundings of the client contract: one registry, and all services with their instances, registered before the client under test asks for the
 * first one. Used by client-contract.ts and by tests of single clients.
 */
import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import type { InstanceInput } from '../../src/model.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { deadInstance, startInstance, type InstanceServer } from '../helpers/instance-server.js';
import { startScripted, type ScriptedInstance } from '../helpers/scripted-instance.js';

export interface ContractWorld extends AsyncDisposable {
  readonly server: DevServer;
  /** The only instance of `plain`, of it under other names, and of `waiting`; and the one that is left of each `refusing-N` and `resetting-X`. */
  readonly plain: InstanceServer;
  /** The two of `pair`. */
  readonly pair: readonly [InstanceServer, InstanceServer];
  /** The refusing instance of each `refusing-N`: by its weight it is chosen first. */
  readonly dead: { readonly ip: string; readonly port: number };
  /** The instance that is chosen first of each `resetting-X`: it takes the whole request and resets the connection. */
  readonly resetting: ScriptedInstance;
}

/** Names that need care in a URL; the second one becomes punycode there. */
export const ODD_NAMES = ['under_score', 'Café', '1-2_x--y'] as const;

/** How many services with a refusing instance there are; each is for one test, since a refusal is remembered. */
const REFUSING = 8;

/** `more`: further services of one test. */
export async function openContractWorld(
  more: Readonly<Record<string, readonly InstanceInput[]>> = {},
): Promise<ContractWorld> {
  const server = await startDevServer({ pushDelayMs: 10 });
  const client = createClient({ server: server.address, logger: silentLogger });
  const [plain, one, two, orders, vault] = await Promise.all([
    startInstance(),
    startInstance(),
    startInstance(),
    startInstance({ tls: true }),
    startInstance({ tls: 'vault' }),
  ]);
  const dead = await deadInstance();
  const resetting = await startScripted(['reset']);
  const at = ({ ip, port }: { readonly ip: string; readonly port: number }): InstanceInput => ({
    ip,
    port,
  });
  const services: Record<string, readonly InstanceInput[]> = {
    plain: [at(plain)],
    'shop.plain': [at(plain)],
    'other.plain': [at(plain)],
    ...Object.fromEntries(ODD_NAMES.map((name) => [name, [at(plain)]])),
    waiting: [at(plain)],
    pair: [at(one), at(two)],
    empty: [{ ...at(plain), enabled: false }],
    orders: [
      { ...at(dead), weight: 10_000 },
      { ...at(orders), weight: 0.01 },
    ],
    impostor: [at(orders)],
    vault: [{ ...at(vault), metadata: { secure: 'true' } }],
    ...Object.fromEntries(
      ['put', 'post'].map((method) => [
        `resetting-${method}`,
        [
          { ...at(resetting), weight: 10_000 },
          { ...at(plain), weight: 0.01 },
        ],
      ]),
    ),
    ...more,
  };
  for (let number = 0; number < REFUSING; number += 1) {
    services[`refusing-${String(number)}`] = [
      { ...at(dead), weight: 10_000 },
      { ...at(plain), weight: 0.01 },
    ];
  }
  for (const [service, instances] of Object.entries(services)) {
    await client.naming.registerBatch(service, instances);
  }
  return {
    server,
    plain,
    pair: [one, two],
    dead,
    resetting,
    async [Symbol.asyncDispose]() {
      const instances = [plain, one, two, orders, vault, resetting];
      await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
      await client.close();
      await server.close();
    },
  };
}
