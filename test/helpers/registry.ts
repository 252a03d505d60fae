/**
 * Owns the server of the live tests: our dev server on free ports, or the real one that NACOS_TEST_SERVER=host:port names (then
 * NACOS_TEST_KIND says which). A real one is shared and keeps what others did: every test takes names of its own.
 */
import { startDevServer } from '../../src/dev-server/index.js';
import { grpcPortOf, parseServerList } from '../../src/options/server-list.js';

const KINDS = ['nacos-2', 'nacos-3', 'r-nacos'] as const;
export type RegistryKind = 'dev-server' | (typeof KINDS)[number];

export interface TestRegistry extends AsyncDisposable {
  /** `host:port`, as users write it. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly kind: RegistryKind;
  /** A service name, group or namespace that nobody else has. */
  uniqueName(prefix: string): string;
  close(): Promise<void>;
}

let names = 0;

/** Letters and digits of this run: two runs against one server must not meet. */
const RUN = `${Date.now().toString(36)}${process.pid.toString(36)}`;

function uniqueName(prefix: string): string {
  names += 1;
  return `${prefix}-${RUN}-${String(names)}`;
}

export async function openRegistry(): Promise<TestRegistry> {
  const server = process.env['NACOS_TEST_SERVER'];
  if (server !== undefined) {
    const [address] = parseServerList(server, 'NACOS_TEST_SERVER');
    const kind = KINDS.find((known) => known === process.env['NACOS_TEST_KIND']);
    if (address === undefined || kind === undefined) {
      throw new Error(`NACOS_TEST_KIND must be one of ${KINDS.join(', ')}`);
    }
    const close = (): Promise<void> => Promise.resolve();
    return {
      address: `${address.host}:${String(address.port)}`,
      ...address,
      grpcPort: grpcPortOf(address),
      kind,
      uniqueName,
      close,
      [Symbol.asyncDispose]: close,
    };
  }
  const dev = await startDevServer({ port: 0 });
  const close = (): Promise<void> => dev.close();
  return {
    address: dev.address,
    host: '127.0.0.1',
    port: dev.port,
    grpcPort: dev.grpcPort,
    kind: 'dev-server',
    uniqueName,
    close,
    [Symbol.asyncDispose]: close,
  };
}
