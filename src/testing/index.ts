/** Owns what `nacos-serving/testing` exports: a registry and config center in memory, for unit tests of code that uses `NamingApi` or `ConfigApi`. */
export {
  createTestRegistry,
  type InGroup,
  type InNamespace,
  type TestRegistry,
  type TestRegistryOptions,
} from './test-registry.js';
