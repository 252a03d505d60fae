/**
 * Owns what says that the server is there: health of all API versions, its state, the namespaces, and a page in plain
 * text for whoever opens the address in a browser. While a fault has the server "starting" it is alive but not ready.
 * Source: docs/protocol.md#http-health.
 */
import { DEFAULT_NAMESPACE } from '../../model.js';
import { VERSION } from '../../version.js';
import { result, resultFailure, text, type HttpAnswer, type HttpRoutes } from './router.js';

export interface HealthRouteParts {
  /** False while the server answers "starting". */
  readonly isReady: () => boolean;
  readonly port: () => number;
  readonly grpcPort: () => number;
  /** Namespaces in use, in any order, with or without the default one. */
  readonly namespaces: () => readonly string[];
  readonly configCount: (namespace: string) => number;
}

const NOT_READY = 30_000;
/** What a namespace may hold on real servers; nothing is limited here. */
const QUOTA = 200;
const GLOBAL_TYPE = 0;
const CUSTOM_TYPE = 1;

export function healthRoutes(parts: HealthRouteParts): HttpRoutes {
  const alive = (): HttpAnswer => text(200, 'OK');
  const ready = (): HttpAnswer =>
    parts.isReady() ? text(200, 'OK') : text(500, 'naming and config are not in readiness');
  const aliveResult = (): HttpAnswer => result('ok');
  const readyResult = (): HttpAnswer =>
    parts.isReady()
      ? result('ok')
      : resultFailure({ status: 500, code: NOT_READY, message: 'server is not ready' });
  return new Map<string, () => HttpAnswer>([
    ['/', () => text(200, welcome(parts))],
    ['/nacos/v1/console/health/liveness', alive],
    ['/nacos/v1/console/health/readiness', ready],
    ['/nacos/v2/console/health/liveness', aliveResult],
    ['/nacos/v2/console/health/readiness', readyResult],
    ['/nacos/v3/admin/core/state', () => result(stateOf(parts))],
    ['/nacos/v3/admin/core/state/liveness', aliveResult],
    ['/nacos/v3/admin/core/state/readiness', readyResult],
    ['/nacos/v1/ns/operator/metrics', () => ({ status: 200, body: { status: 'UP' } })],
    [
      '/nacos/v1/console/namespaces',
      () => ({ status: 200, body: { code: 200, message: null, data: listNamespaces(parts, '') } }),
    ],
    ['/nacos/v3/admin/core/namespace/list', () => result(listNamespaces(parts, DEFAULT_NAMESPACE))],
  ]);
}

function stateOf(parts: HealthRouteParts): Readonly<Record<string, string>> {
  return {
    version: VERSION,
    startup_mode: 'standalone',
    server_port: String(parts.port()),
    auth_enabled: 'false',
  };
}

/** The id of the default namespace is '' in API v1 and `public` in v3. */
function listNamespaces(parts: HealthRouteParts, defaultId: string): readonly object[] {
  const custom = parts.namespaces().filter((name) => name !== '' && name !== DEFAULT_NAMESPACE);
  return [DEFAULT_NAMESPACE, ...new Set(custom)].map((name) => ({
    namespace: name === DEFAULT_NAMESPACE ? defaultId : name,
    namespaceShowName: name,
    namespaceDesc: name === DEFAULT_NAMESPACE ? 'Default Namespace' : '',
    quota: QUOTA,
    configCount: parts.configCount(name),
    type: name === DEFAULT_NAMESPACE ? GLOBAL_TYPE : CUSTOM_TYPE,
  }));
}

function welcome(parts: HealthRouteParts): string {
  const port = String(parts.port());
  return [
    `nacos-serving ${VERSION}: a Nacos-compatible server for development and tests.`,
    'Everything is kept in memory and is gone when it stops. Do not use it in production.',
    '',
    `NACOS_SERVER=127.0.0.1:${port}   (HTTP ${port}, gRPC ${String(parts.grpcPort())})`,
    '',
    'Look at:',
    '  /nacos/v1/ns/service/list?pageNo=1&pageSize=100',
    '  /nacos/v1/ns/instance/list?serviceName=NAME',
    '  /nacos/v3/client/ns/instance/list?serviceName=NAME',
    '  /nacos/v1/cs/configs?dataId=ID&group=DEFAULT_GROUP',
    '  /nacos/v3/client/cs/config?dataId=ID&groupName=DEFAULT_GROUP',
    '  /nacos/v3/admin/core/namespace/list',
    '  /nacos/v3/admin/core/state/readiness',
    '',
  ].join('\n');
}
