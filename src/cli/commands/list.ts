/**
 * Owns `nacos-serving list`: the services of one group, page by page, each with how many of its instances are healthy. Called by
 * `look-up.ts`. It asks the registry now, past every cache.
 */
import type { ListInvocation } from '../lookup-args.js';
import { printable } from '../printable.js';
import type { RegistryAccess } from '../registry-access.js';

/** Questions under way at once: a page of 500 must not be a burst on the registry. */
const AT_ONCE = 16;

interface Row {
  readonly name: string;
  readonly healthy: number;
  readonly total: number;
}

export async function list(
  { page, pageSize, json }: ListInvocation,
  registry: RegistryAccess,
): Promise<number> {
  const { naming, group, where } = registry;
  const found = await naming.listServices({ group, page, pageSize });
  const services = await countAll(found.names, registry);
  const pages = Math.max(1, Math.ceil(found.count / pageSize));
  if (json) {
    const { namespace } = registry.options;
    const all = { namespace, group, count: found.count, page, pages, services };
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return 0;
  }
  const width = Math.max(0, ...services.map(({ name }) => printable(name).length));
  for (const { name, healthy, total } of services) {
    process.stdout.write(
      `${printable(name).padEnd(width)}  ${String(healthy)} of ${String(total)} healthy\n`,
    );
  }
  process.stderr.write(`${summary(found.count, page, pages)} in group ${group} of ${where}\n`);
  return 0;
}

function summary(count: number, page: number, pages: number): string {
  const services = count === 1 ? '1 service' : `${String(count)} services`;
  if (pages === 1) return services;
  const next = page < pages ? `, --page ${String(page + 1)} for the next` : '';
  return `page ${String(page)} of ${String(pages)}${next}; ${services}`;
}

async function countAll(
  names: readonly string[],
  { naming, group }: RegistryAccess,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const left = names.entries();
  const worker = async (): Promise<void> => {
    for (const [index, name] of left) {
      const { instances } = await naming.query({ name, group });
      const healthy = instances.filter((instance) => instance.healthy).length;
      rows[index] = { name, healthy, total: instances.length };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return rows;
}
