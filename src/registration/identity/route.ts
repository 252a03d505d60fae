/**
 * Owns the question which of our addresses the system uses towards a Nacos server. Used by identity/address.ts. A UDP socket that is
 * connected makes the system choose a route and sends nothing.
 */
import { createSocket, type SocketType } from 'node:dgram';
import { isIP } from 'node:net';

import type { Clock } from '../../util/clock.js';
import { plainAddress } from './interfaces.js';

export interface RegistryAddress {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

/** A host name has to be looked up, and a name server may be silent. */
const ROUTE_TIMEOUT_MS = 1000;

/** undefined when there is no route, or when the name is not found in time. Never rejects. */
export async function routeTo(server: RegistryAddress, clock: Clock): Promise<string | undefined> {
  const family = isIP(server.host);
  if (family !== 6) {
    const ip = await probe('udp4', server, clock);
    if (ip !== undefined || family === 4) return ip;
  }
  return probe('udp6', server, clock);
}

function probe(
  type: SocketType,
  server: RegistryAddress,
  clock: Clock,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    socket.unref();
    let over = false;
    const done = (ip: string | undefined): void => {
      if (over) return;
      over = true;
      timer.cancel();
      socket.close();
      resolve(ip);
    };
    const timer = clock.after(ROUTE_TIMEOUT_MS, () => done(undefined));
    // No route or no such name: the caller has other ways to an address. It may come late, too.
    socket.on('error', () => done(undefined));
    // As an event: a callback would be called for failures too.
    socket.once('connect', () => {
      if (!over) done(plainAddress(socket.address().address));
    });
    socket.connect(server.port, server.host);
  });
}
