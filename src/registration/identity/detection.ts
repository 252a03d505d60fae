/**
 * Owns the report of `--show-detection`: which names, addresses and ports were looked at, and why each was kept or dropped. Called by the
 * registrar when a server has been chosen, and by `--dry-run` with what is known before. Pure; one text per line.
 */
import { hostPort } from '../../model.js';
import type { AddressDecision } from './address.js';
import type { NameDecision } from './name.js';
import type { PortDecision, PortVerdict } from './port.js';

export interface Detection {
  readonly name?: NameDecision;
  readonly address?: AddressDecision;
  /** Every server that listened when the choice was made. */
  readonly servers?: readonly PortVerdict[];
  readonly port?: PortDecision;
}

const KEPT = '+';
const DROPPED = '-';

export function describeDetection({ name, address, servers, port }: Detection): readonly string[] {
  const lines: string[] = [];
  if (name !== undefined) lines.push(`name ${KEPT} ${name.name}: ${name.because}`);
  if (address !== undefined) {
    for (const { interface: via, ip, taken, why } of address.candidates) {
      lines.push(`address ${taken ? KEPT : DROPPED} ${ip} of ${via}: ${why}`);
    }
    if (address.candidates.length === 0)
      lines.push(`address ${KEPT} ${address.ip}: ${address.because}`);
    if (address.ipv6 !== undefined) lines.push(`address ${KEPT} ${address.ipv6}: as metadata IPv6`);
  }
  for (const { server, taken, why } of servers ?? []) {
    const where = hostPort({ ip: server.host, port: server.port });
    lines.push(`server ${taken ? KEPT : DROPPED} ${server.scheme} on ${where}: ${why}`);
  }
  if (port !== undefined) lines.push(`port ${KEPT} ${String(port.port)}: ${port.because}`);
  return lines;
}
