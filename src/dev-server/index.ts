/** Owns what `nacos-serving/dev-server` exports: a Nacos-compatible server in this process, with faults to switch on. */
export { startDevServer } from './server.js';
export type { ConnectionView, DevServer, DevServerOptions, NamespaceOption } from './server.js';
export type { FailPlan, Faults, ResetTarget, RestartOptions } from './faults.js';
export type { DevServerAuth } from './tokens.js';
export type { DevServerKeys } from './access-keys.js';
export type { DevServerTls } from './tls.js';
