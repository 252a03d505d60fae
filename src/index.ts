/**
 * Owns the public names of the package. Each is listed here explicitly; importing this file has no effect on the process.
 */
export {
  registerAutomatically,
  registerServer,
  type RegisterOptions,
} from './adapters/explicit.js';
export {
  changeRegistration,
  registrations,
  setReady,
  type ChangeOptions,
} from './adapters/own-registration.js';
export {
  nacosContext,
  type NacosContextMiddleware,
  type NacosContextOptions,
} from './adapters/context-middleware.js';
export {
  discoveryStats,
  ejectedInstances,
  resetEjections,
  setRoutes,
} from './adapters/own-discovery.js';
export { failedCall, type CallFailure, type TriedInstance } from './call-failure.js';
export {
  createClient,
  type ClientOptions,
  type ConnectOptions,
  type NacosClient,
} from './client/client.js';
export type {
  BalancedList,
  Balancer,
  BalancerParts,
  CreateBalancer,
  InstanceStat,
} from './discovery/balancer.js';
export {
  BALANCER_NAMES,
  balancerByName,
  type BalancerName,
  type NamedBalancerOptions,
} from './discovery/balancers/by-name.js';
export type { HashKey } from './discovery/balancers/hash-key.js';
export { runWithBalancing, type BalancingChoice } from './discovery/balancing-choice.js';
export {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
  type ExplainOptions,
  type PickOptions,
} from './discovery/discovery.js';
export type { ReconfigureOptions } from './discovery/make-settings.js';
export type { WatchListener } from './discovery/watched-list.js';
export type { WhyNot } from './discovery/callable-list.js';
export type { FilterReason } from './discovery/filter.js';
export type { ExplainedChoice, NameExplanation, NotChosen } from './discovery/explain.js';
export type { ListCacheOptions } from './discovery/local-lists.js';
export type { Ejection } from './ejection.js';
export type { CallSettingsInput, ServiceOptions } from './discovery/service-options.js';
export type { ServiceStats } from './diagnostics.js';
export {
  AuthError,
  ClosedError,
  ConfigError,
  ConnectionError,
  DiscoveryError,
  ERROR_CODES,
  isNacosError,
  NacosError,
  NoInstanceError,
  ProtocolError,
  RegistrationError,
  RequestTimeoutError,
  ServerError,
  SettingsError,
  type ErrorCode,
  type ErrorDetails,
  type NacosErrorOptions,
} from './errors.js';
export type {
  ConfigApi,
  ConfigCipher,
  ConfigHistoryEntry,
  ConfigHistoryPage,
  ConfigKey,
  ConfigListener,
  ConfigPage,
  ConfigPageOptions,
  ConfigPattern,
  ConfigPatternChange,
  ConfigPatternListener,
  ConfigPatternWatch,
  ConfigSource,
  ConfigSubscription,
  ConfigSubscriptionState,
  ConfigType,
  ConfigVersion,
  EncryptedConfig,
  GetConfigOptions,
  ListConfigsOptions,
  ListedConfig,
  PublishConfigOptions,
  RemoveConfigOptions,
} from './config-api.js';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.js';
export type {
  Instance,
  InstanceAddress,
  InstanceInput,
  ServiceDiff,
  ServiceInput,
  ServiceRef,
  ServiceSnapshot,
} from './model.js';
export type { ConnectionOptions, TlsOptions } from './options/connection.js';
export type { Environment } from './options/env.js';
export { loadOptions, type LoadedOptions, type LoadOptionsInput } from './options/load.js';
export type { OptionsInput, ResolvedOptions } from './options/schema.js';
export type { ServerAddress } from './options/server-list.js';
export type {
  AccessKeys,
  AuthHeaders,
  CredentialsProvider,
  ProvidedCredentials,
  RequestScope,
} from './remote/auth/credentials.js';
export { Secret, type SecretText } from './util/secret.js';
export type {
  CallInfo,
  CallOutcome,
  CallTarget,
  EndedAttempt,
  InstanceChange,
  RegistrationState,
  RegistrationStatus,
  ServerRegistration,
} from './process-hub.js';
export { routingValues, runWithRouting, type RoutingValues } from './routing-context.js';
export type { RouteRule, RouteSource } from './route-rule.js';
export type { OutlierSettings, RetrySettings } from './discovery/service-settings.js';
export type {
  ConnectionState,
  InstanceSelector,
  ListServicesOptions,
  NamingApi,
  QueryOptions,
  SelectorFields,
  ServicePage,
  ServicePattern,
  ServicePatternChange,
  ServicePatternListener,
  ServicePatternWatch,
  SnapshotListener,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
  WaitOptions,
} from './naming-api.js';
export type { SettingsFormat } from './settings/formats/content.js';
export type { Preference } from './settings/import-spec.js';
export type { SchemaIssue, SchemaResult, SettingsSchema } from './settings/schema.js';
export { createSettings } from './settings/settings.js';
export type {
  ApplicationConfig,
  ExplainedKey,
  Settings,
  SettingsChange,
  SettingsHistoryEntry,
  SettingsListener,
  SettingsOptions,
  SettingsSourceState,
  SettingsSourceStatus,
  SettingsStatus,
  SharedConfig,
  ValueAt,
} from './settings/settings-options.js';
export type { SettingsScalar, SettingsTree, SettingsValue } from './settings/tree.js';
