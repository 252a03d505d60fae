import { createTestRegistry } from '../../../src/testing/index.js';
import { describeContract } from '../../helpers/client-contract.js';

describeContract('the in-memory registry', () => {
  const registry = createTestRegistry();
  let names = 0;
  return Promise.resolve({
    client: () => registry.client(),
    uniqueName: (prefix: string) => `${prefix}-${String((names += 1))}`,
    hasPatterns: true,
    close: () => registry.close(),
  });
});
