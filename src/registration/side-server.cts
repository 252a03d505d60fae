/**
 * Owns how a server that is not the service of its process is told from one that is: gRPC on http2, WebSockets on a port of their
 * own, metrics. Called by the listen trigger for each server that listens. It asks only what the server itself shows, so that
 * it also works in a bundle, and where that does not tell, the server counts as a service.
 */
import type { Server } from 'node:net';

/** surely: only registered when its port is asked for. perhaps: any other server is rather the service. */
export type SideServer = 'surely' | 'perhaps';

/** Names of the methods that @grpc/grpc-js binds as its only listeners of a server that it makes. */
const GRPC_LISTENER = /^bound _(?:channelz|stream)Handler$/;
/** What ws, Vite and their like answer on a port that is for WebSockets only, whatever the URL. */
const UPGRADE_REQUIRED = /\b426\b/;
const LONGEST_ANSWER = 600;
const METRICS = /metrics/i;
/** Where exporters of metrics and admin servers are by custom, so seldom a service. */
const CUSTOMARY_ADMIN_PORTS = { from: 9090, to: 9999 };

/** An http2 server of gRPC, which answers no plain request. One for http2 apps has a `request` listener, or another `stream` listener. */
export function isGrpcServer(server: Server): boolean {
  if (server.listenerCount('request') > 0) return false;
  const listeners = server.listeners('stream');
  return listeners.length > 0 && listeners.every(({ name }) => GRPC_LISTENER.test(name));
}

/** undefined: as far as one can see, it is a service. */
export function sideServer(server: Server, port: number): SideServer | undefined {
  // A service keeps its process alive; an exporter says that it does not want to.
  if (Reflect.get(server, '_unref') === true) return 'surely';
  const handlers = server.listeners('request').map(String);
  if (handlers.length === 1 && handlers.every(isUpgradeOnly)) return 'surely';
  const { from, to } = CUSTOMARY_ADMIN_PORTS;
  return (port >= from && port <= to) || handlers.some((source) => METRICS.test(source))
    ? 'perhaps'
    : undefined;
}

function isUpgradeOnly(source: string): boolean {
  return (
    source.length < LONGEST_ANSWER && UPGRADE_REQUIRED.test(source) && !/\burl\b/i.test(source)
  );
}
