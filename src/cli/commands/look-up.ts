/**
 * Owns the commands that look something up in the registry: connects, hands over, and leaves nothing behind. Called by `main.ts`. They register
 * nothing. Exit codes: 0 done, 1 Nacos or an instance cannot be reached, 2 wrong words; `call` has 22 besides.
 */
import type { LookupInvocation } from '../lookup-args.js';
import { openRegistry, type RegistryAccess } from '../registry-access.js';

/** @throws ConfigError, ConnectionError and what the registry answers */
export async function lookUp(invocation: LookupInvocation): Promise<void> {
  await using registry = await openRegistry(invocation);
  process.exitCode = await carryOut(invocation, registry);
}

async function carryOut(invocation: LookupInvocation, registry: RegistryAccess): Promise<number> {
  switch (invocation.command) {
    case 'list': {
      const { list } = await import('./list.js');
      return list(invocation, registry);
    }
    case 'watch': {
      const { watch } = await import('./watch.js');
      return watch(invocation, registry);
    }
    case 'call': {
      const { call } = await import('./call.js');
      return call(invocation, registry);
    }
    case 'why': {
      const { why } = await import('./why.js');
      return why(invocation, registry);
    }
  }
}
