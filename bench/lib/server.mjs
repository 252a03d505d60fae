/**
 * Owns the real Nacos server that some benches need: NACOS_BENCH_SERVER=host:port, already running. Used by those benches. It is
 * only asked for its version here; nothing starts or stops it.
 */

/** Where servers tell their version: 2.x, then 3.x. */
const STATE_PATHS = ['/nacos/v1/console/server/state', '/nacos/v3/admin/core/state'];

/** @returns {Promise<{ address: string, version: string }>} */
export async function realServer() {
  const address = process.env.NACOS_BENCH_SERVER ?? '';
  if (address === '') {
    throw new Error(
      'this bench needs a real Nacos server: set NACOS_BENCH_SERVER=host:port to one that runs',
    );
  }
  return { address, version: `Nacos ${await versionOf(address)}` };
}

async function versionOf(address) {
  for (const path of STATE_PATHS) {
    const response = await fetch(`http://${address}${path}`);
    if (!response.ok) continue;
    const body = await response.json();
    const version = body.version ?? body.data?.version;
    if (typeof version === 'string') return version;
  }
  return 'of unknown version';
}
