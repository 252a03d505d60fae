/**
 * Owns the address under which others reach this process, and the reason for it. Called when a server listens. First match wins:
 * the one given; the one the server is bound to; the one this machine uses towards Nacos; the first usable
 * interface. Loopback is never a silent fallback: it is taken only when Nacos itself is on this machine.
 */
import { RegistrationError } from '../../errors.js';
import {
  familyOf,
  isLinkLocal,
  isLoopback,
  isUnspecified,
  listCandidates,
  plainAddress,
  type AddressCandidate,
  type Interfaces,
} from './interfaces.js';
import type { RegistryAddress } from './route.js';

export interface AddressDecision {
  /** IPv4, IPv6 without brackets, or the host name that was given. */
  readonly ip: string;
  /** Ends a sentence that starts with "address": `of eth0, which leads to Nacos at 10.0.0.2`. */
  readonly because: string;
  /** What was looked at; empty when the address was given or bound. */
  readonly candidates: readonly AddressCandidate[];
}

export interface AddressInput {
  /** Option `service.ip`. */
  readonly explicit?: string | undefined;
  /** What the server is bound to, such as `0.0.0.0`, `::` or `10.0.0.5`. */
  readonly boundHost: string;
  readonly registry: readonly RegistryAddress[];
  readonly interfaces: () => Interfaces;
  /** Our address towards a server; undefined when there is no route. Never rejects. */
  readonly route: (server: RegistryAddress) => Promise<string | undefined>;
}

const REMEDY = 'set service.ip, NACOS_SERVICE_IP or --service-ip';

/**
 * @throws RegistrationError NO_ADDRESS. Its detail `final` is true when waiting cannot change it: the server is bound
 * to an address that others cannot reach.
 */
export async function decideAddress(input: AddressInput): Promise<AddressDecision> {
  if (input.explicit !== undefined) {
    return {
      ip: plainAddress(input.explicit),
      because: 'as given (service.ip)',
      candidates: [],
    };
  }
  const bound = plainAddress(input.boundHost);
  return isUnspecified(bound) ? fromInterfaces(input, bound) : fromBinding(input, bound);
}

function fromBinding(input: AddressInput, bound: string): AddressDecision {
  if (isLoopback(bound) && !isLocalRegistry(input)) {
    throw refusal(
      `the server listens on ${bound} only, where others cannot reach it: let it listen on 0.0.0.0`,
      true,
    );
  }
  if (isLinkLocal(bound) && familyOf(bound) === 6) {
    throw refusal(`the server listens on ${bound} only, which is a link-local address`, true);
  }
  const because = isLoopback(bound)
    ? 'the server listens on it only, and Nacos is on this machine as well'
    : 'the server listens on it only';
  return { ip: bound, because, candidates: [] };
}

async function fromInterfaces(input: AddressInput, bound: string): Promise<AddressDecision> {
  const candidates = listCandidates(input.interfaces()).filter(
    // `::` takes IPv4 as well; `0.0.0.0` takes nothing else.
    (candidate) => candidate.family === 4 || bound === '::',
  );
  const routed = await findRouted(input, candidates);
  if (routed !== undefined && routed.candidate.kind !== 'bridge') return routed.decision;
  const usable = firstOf(candidates, 'usable');
  if (usable !== undefined) {
    const because = `of ${usable.interface}, the first usable interface`;
    return { ip: usable.ip, because, candidates };
  }
  // A bridge towards Nacos in a container is better than nothing.
  if (routed !== undefined) return routed.decision;
  const loopback = firstOf(candidates, 'loopback');
  if (loopback !== undefined && isLocalRegistry(input)) {
    const because = 'of this machine alone: no other interface is up, and Nacos is here as well';
    return { ip: loopback.ip, because, candidates };
  }
  const seen = candidates.map(({ interface: name, ip, kind }) => `${name} ${ip} (${kind})`);
  throw refusal(`no usable address among: ${seen.join(', ') || 'none'}`, false);
}

interface Routed {
  readonly candidate: AddressCandidate;
  readonly decision: AddressDecision;
}

/** The interface that leads to the first Nacos server which is not on this machine. */
async function findRouted(
  input: AddressInput,
  candidates: readonly AddressCandidate[],
): Promise<Routed | undefined> {
  for (const server of input.registry) {
    if (isLoopback(server.host)) continue;
    const local = await input.route(server);
    const via = interfaceOf(input, local);
    if (via === undefined) continue;
    const there = candidates.filter(
      (one) => one.interface === via && one.kind !== 'link-local' && one.kind !== 'loopback',
    );
    // IPv4 where there is one: more callers can reach it.
    const candidate = there.find(({ family }) => family === 4) ?? there.find((c) => c.ip === local);
    if (candidate === undefined) continue;
    const because = `of ${via}, which leads to Nacos at ${server.host}`;
    return { candidate, decision: { ip: candidate.ip, because, candidates } };
  }
  return undefined;
}

/** An address of the other family than the server is bound to still tells the interface. */
function interfaceOf(input: AddressInput, local: string | undefined): string | undefined {
  return listCandidates(input.interfaces()).find(({ ip }) => ip === local)?.interface;
}

function firstOf(
  candidates: readonly AddressCandidate[],
  kind: AddressCandidate['kind'],
): AddressCandidate | undefined {
  const fitting = candidates.filter((candidate) => candidate.kind === kind);
  return fitting.find(({ family }) => family === 4) ?? fitting[0];
}

function isLocalRegistry(input: AddressInput): boolean {
  return input.registry.length > 0 && input.registry.every(({ host }) => isLoopback(host));
}

function refusal(why: string, final: boolean): RegistrationError {
  const remedy = final ? `or ${REMEDY}` : REMEDY;
  return new RegistrationError('NO_ADDRESS', `${why}; ${remedy}`, { details: { final } });
}
