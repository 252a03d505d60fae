/**
 * Owns the messages that make, check and move a connection. Used by the session and by the dev server.
 * Source: docs/protocol.md#handshake (Nacos `api/remote/request`, `GrpcClient.connectToServer`).
 */
import { readBoolean, readString, readStringMap, isJsonObject, type JsonObject } from '../json.js';

export const SERVER_CHECK_REQUEST = 'ServerCheckRequest';
export const SERVER_CHECK_RESPONSE = 'ServerCheckResponse';
export const CONNECTION_SETUP_REQUEST = 'ConnectionSetupRequest';
export const SETUP_ACK_REQUEST = 'SetupAckRequest';
export const HEALTH_CHECK_REQUEST = 'HealthCheckRequest';
export const HEALTH_CHECK_RESPONSE = 'HealthCheckResponse';
export const CLIENT_DETECTION_REQUEST = 'ClientDetectionRequest';
export const CLIENT_DETECTION_RESPONSE = 'ClientDetectionResponse';
export const CONNECT_RESET_REQUEST = 'ConnectResetRequest';
export const CONNECT_RESET_RESPONSE = 'ConnectResetResponse';

export interface ServerCheckResponse {
  readonly connectionId: string;
  /** True from 2.3 on: a SetupAckRequest will follow the setup. */
  readonly supportAbilityNegotiation: boolean;
}

export function readServerCheckResponse(body: JsonObject): ServerCheckResponse {
  return {
    connectionId: readString(body, 'connectionId'),
    supportAbilityNegotiation: readBoolean(body, 'supportAbilityNegotiation'),
  };
}

export type AbilityTable = Readonly<Record<string, boolean>>;

export interface ConnectionSetup {
  /** `Nacos-<Language>-Client:v<version>`; r-nacos changes its answers for the Go and Python names. */
  readonly clientVersion: string;
  /** Namespace id. */
  readonly tenant: string;
  /** `source=sdk` and `module` are required: without them naming answers -401. */
  readonly labels: Readonly<Record<string, string>>;
  /** undefined: a peer from before 2.3, which gets no SetupAckRequest. */
  readonly abilityTable: AbilityTable | undefined;
}

export function connectionSetupBody(setup: ConnectionSetup): JsonObject {
  return {
    clientVersion: setup.clientVersion,
    tenant: setup.tenant,
    labels: setup.labels,
    ...(setup.abilityTable === undefined ? {} : { abilityTable: setup.abilityTable }),
  };
}

export function readConnectionSetup(body: JsonObject): ConnectionSetup {
  return {
    clientVersion: readString(body, 'clientVersion'),
    tenant: readString(body, 'tenant'),
    labels: readStringMap(body, 'labels'),
    abilityTable: isJsonObject(body['abilityTable']) ? readAbilityTable(body) : undefined,
  };
}

export function readAbilityTable(body: JsonObject): AbilityTable {
  const table: Record<string, boolean> = {};
  const value = body['abilityTable'];
  if (!isJsonObject(value)) return table;
  for (const [key, supported] of Object.entries(value)) {
    if (typeof supported === 'boolean' && key !== '__proto__') table[key] = supported;
  }
  return table;
}

/** Where a server asks its client to go; all parts may be missing. */
export interface ConnectReset {
  readonly serverIp: string;
  /** The HTTP port as text, not the gRPC port (docs/protocol.md#trap-9). */
  readonly serverPort: string;
}

export function readConnectReset(body: JsonObject): ConnectReset {
  return { serverIp: readString(body, 'serverIp'), serverPort: readString(body, 'serverPort') };
}
