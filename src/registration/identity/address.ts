/**
 * Owns the address under which others reach this process, and the reason for it. Called when a server listens. First match wins:
 * the one given; the advertised one; the one the server is bound to; a preferred interface or network; the one this machine uses
 * towards Nacos; the first usable interface. Loopback is never a silent fallback: it is taken only when Nacos itself is on
 * this machine. Every address that was looked at gets a verdict, for the log and for `--show-detection`.
 */
import { isIP } from 'node:net';

import { RegistrationError } from '../../errors.js';
import { matchesNetwork } from '../../options/networks.js';
import {
  familyOf,
  isGlobal,
  isLinkLocal,
  isLoopback,
  isUnspecified,
  KIND_WORDS,
  listCandidates,
  plainAddress,
  type AddressCandidate,
  type Interfaces,
} from './interfaces.js';
import type { RegistryAddress } from './route.js';

/** An address that was looked at, and what came of it. */
export interface AddressVerdict extends AddressCandidate {
  readonly taken: boolean;
  /** `loopback`, `ignored by network.ignore (docker*)`, `eth0 goes before`. */
  readonly why: string;
}

export interface AddressDecision {
  /** IPv4, IPv6 without brackets, or the host name that was given. */
  readonly ip: string;
  /** Ends a sentence that starts with "address": `of eth0, which leads to Nacos at 10.0.0.2`. */
  readonly because: string;
  /** Empty when the address was given or bound. */
  readonly candidates: readonly AddressVerdict[];
  /** For metadata `IPv6`, without brackets: where the server takes both kinds and an IPv4 was taken. */
  readonly ipv6?: string;
}

/** Options `network.*`. */
export interface NetworkRules {
  readonly prefer?: readonly string[];
  readonly ignore?: readonly string[];
  readonly family?: 'auto' | 'ipv4' | 'ipv6';
}

export interface AddressInput {
  /** Option `service.ip`. */
  readonly explicit?: string | undefined;
  /** Option `service.advertised_ip`. */
  readonly advertised?: string | undefined;
  readonly network?: NetworkRules;
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
  const { explicit, advertised } = input;
  if (explicit !== undefined) return given(explicit, 'as given (service.ip)');
  if (advertised !== undefined) return given(advertised, 'as advertised (service.advertised_ip)');
  const bound = plainAddress(input.boundHost);
  return isUnspecified(bound) ? fromInterfaces(input, bound) : fromBinding(input, bound);
}

function given(ip: string, because: string): AddressDecision {
  return { ip: plainAddress(ip), because, candidates: [] };
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

interface Choice {
  readonly candidate: AddressCandidate;
  readonly because: string;
  /** Nacos is beyond the interface's own network, so it is a way out of this machine, whatever its name. */
  readonly leadsOut?: boolean;
}

async function fromInterfaces(input: AddressInput, bound: string): Promise<AddressDecision> {
  const all = listCandidates(input.interfaces());
  const excluded = new Map<AddressCandidate, string>();
  for (const candidate of all) {
    const why = exclusion(candidate, input.network ?? {}, bound);
    if (why !== undefined) excluded.set(candidate, why);
  }
  const candidates = all.filter((candidate) => !excluded.has(candidate));
  const choice = await choose(input, candidates);
  if (choice === undefined) {
    const seen = all.map((one) => {
      return `${one.interface} ${one.ip} (${excluded.get(one) ?? KIND_WORDS[one.kind]})`;
    });
    const only = all.some(({ kind }) => kind === 'bridge' || kind === 'tunnel');
    const hint = only ? ' (network.prefer takes a bridge or a tunnel)' : '';
    throw refusal(`no usable address among: ${seen.join(', ') || 'none'}${hint}`, false);
  }
  const { candidate: taken, because } = choice;
  const verdicts = all.map((candidate) => ({
    ...candidate,
    taken: candidate === taken,
    why: candidate === taken ? because : (excluded.get(candidate) ?? loss(candidate, taken)),
  }));
  const ipv6 = dualStack(input, bound, taken, candidates);
  return { ip: taken.ip, because, candidates: verdicts, ...(ipv6 === undefined ? {} : { ipv6 }) };
}

/** Why it cannot be taken, whatever else there is. */
function exclusion(
  candidate: AddressCandidate,
  { ignore = [], family = 'auto' }: NetworkRules,
  bound: string,
): string | undefined {
  const ignored = ignore.find((pattern) => matchesNetwork(pattern, candidate));
  if (ignored !== undefined) return `ignored by network.ignore (${ignored})`;
  // `::` takes IPv4 as well; `0.0.0.0` takes nothing else.
  if (candidate.family === 6 && bound !== '::') return 'the server takes IPv4 only';
  if (family !== 'auto' && family !== `ipv${String(candidate.family)}`) {
    return `network.family is ${family}`;
  }
  return undefined;
}

function loss(candidate: AddressCandidate, taken: AddressCandidate): string {
  if (candidate.kind !== 'usable') return KIND_WORDS[candidate.kind];
  return candidate.interface === taken.interface
    ? `${taken.ip} of the same interface goes before`
    : `${taken.interface} goes before`;
}

async function choose(
  input: AddressInput,
  candidates: readonly AddressCandidate[],
): Promise<Choice | undefined> {
  const preferred = findPreferred(input.network?.prefer ?? [], candidates);
  if (preferred !== undefined) return preferred;
  const routed = await findRouted(input, candidates);
  if (routed !== undefined && (routed.candidate.kind !== 'bridge' || routed.leadsOut === true)) {
    return routed;
  }
  const usable = firstOf(candidates, 'usable');
  if (usable !== undefined) {
    return { candidate: usable, because: `of ${usable.interface}, the first usable interface` };
  }
  // A bridge towards Nacos in a container is better than nothing.
  if (routed !== undefined) return routed;
  const loopback = firstOf(candidates, 'loopback');
  if (loopback === undefined || !isLocalRegistry(input)) return undefined;
  const because = 'of this machine alone: no other interface is up, and Nacos is here as well';
  return { candidate: loopback, because };
}

/** The first entry that fits wins; it may name a bridge or a tunnel, but never what others cannot reach. */
function findPreferred(
  prefer: readonly string[],
  candidates: readonly AddressCandidate[],
): Choice | undefined {
  for (const pattern of prefer) {
    const fitting = candidates.filter((one) => isReachable(one) && matchesNetwork(pattern, one));
    const candidate = fitting.find(({ family }) => family === 4) ?? fitting[0];
    if (candidate !== undefined) {
      const because = `of ${candidate.interface}, preferred by network.prefer (${pattern})`;
      return { candidate, because };
    }
  }
  return undefined;
}

/** The interface that leads to the first Nacos server which is not on this machine. */
async function findRouted(
  input: AddressInput,
  candidates: readonly AddressCandidate[],
): Promise<Choice | undefined> {
  for (const server of input.registry) {
    if (isLoopback(server.host)) continue;
    const local = await input.route(server);
    const via = interfaceOf(input, local);
    if (via === undefined) continue;
    const there = candidates.filter((one) => one.interface === via && isReachable(one));
    // IPv4 where there is one: more callers can reach it.
    const candidate =
      there.find(({ family }) => family === 4) ?? there.find((one) => one.ip === local) ?? there[0];
    if (candidate === undefined) continue;
    const because = `of ${via}, which leads to Nacos at ${server.host}`;
    return { candidate, because, leadsOut: isBeyond(input, via, server.host) };
  }
  return undefined;
}

/** False as well where it cannot be told: of a host name, or where the system does not say how far a network goes. */
function isBeyond(input: AddressInput, via: string, host: string): boolean {
  const family = isIP(host);
  const around = listCandidates(input.interfaces()).filter((one) => {
    return one.interface === via && one.family === family && one.cidr !== undefined;
  });
  return (
    around.length > 0 &&
    around.every(({ cidr = '' }) => !matchesNetwork(cidr, { interface: via, ip: host }))
  );
}

/**
 * What Java neighbours read as metadata `IPv6`. The same interface goes before, since it is the same network; where nobody has said which
 * network it should be, a global one of another interface will do.
 */
function dualStack(
  input: AddressInput,
  bound: string,
  taken: AddressCandidate,
  candidates: readonly AddressCandidate[],
): string | undefined {
  const isWanted = (input.network?.family ?? 'auto') === 'auto' && bound === '::';
  if (!isWanted || taken.family !== 4 || !isReachable(taken)) return undefined;
  const all = candidates.filter((one) => one.family === 6 && isReachable(one));
  const same = all.filter((one) => one.interface === taken.interface);
  const elsewhere = (input.network?.prefer ?? []).length > 0 ? [] : all;
  const found =
    same.find(({ ip }) => isGlobal(ip)) ??
    same[0] ??
    elsewhere.find(({ ip, kind }) => kind === 'usable' && isGlobal(ip));
  return found?.ip;
}

function isReachable({ kind }: AddressCandidate): boolean {
  return kind !== 'link-local' && kind !== 'loopback';
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
