import { describe, expect, it } from 'vitest';

import {
  connectionSetupBody,
  readAbilityTable,
  readConnectionSetup,
  readConnectReset,
  readServerCheckResponse,
  type ConnectionSetup,
} from '../../../../src/wire/messages/connection.js';

const setup: ConnectionSetup = {
  clientVersion: 'Nacos-NodeJS-Client:v0.1.0',
  tenant: 'public',
  labels: { source: 'sdk', module: 'naming' },
  abilityTable: {},
};

describe('connection messages', () => {
  it('an empty ability table is sent and read as a table, a missing one as none', () => {
    expect(connectionSetupBody(setup)['abilityTable']).toEqual({});
    expect(readConnectionSetup(connectionSetupBody(setup))).toEqual(setup);
    const old = { ...setup, abilityTable: undefined };
    expect(Object.keys(connectionSetupBody(old))).not.toContain('abilityTable');
    expect(readConnectionSetup(connectionSetupBody(old)).abilityTable).toBeUndefined();
    expect(readConnectionSetup({ abilityTable: null }).abilityTable).toBeUndefined();
  });

  it('a server that does not speak of abilities does not negotiate them', () => {
    expect(readServerCheckResponse({ connectionId: '1_127.0.0.1:4' })).toEqual({
      connectionId: '1_127.0.0.1:4',
      supportAbilityNegotiation: false,
    });
  });

  it('abilities are booleans; anything else is unknown', () => {
    const body = { abilityTable: { fuzzyWatch: true, lock: false, mcp: 'yes', agent: null } };
    expect(readAbilityTable(body)).toEqual({ fuzzyWatch: true, lock: false });
  });

  it('trap 9: serverPort of a reset is the HTTP port as text, and every part may be missing', () => {
    expect(readConnectReset({ serverIp: '10.0.0.9', serverPort: '8848' })).toEqual({
      serverIp: '10.0.0.9',
      serverPort: '8848',
    });
    expect(readConnectReset({ serverIp: null })).toEqual({ serverIp: '', serverPort: '' });
    expect(readConnectReset({})).toEqual({ serverIp: '', serverPort: '' });
  });
});
