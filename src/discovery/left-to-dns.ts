/**
 * Owns what is said to somebody whose call was left to DNS, which did not know the host, while the registry has a service of that name. Used by
 * `discovery.ts`, for the hint on the client's own error. Pure.
 */
import { classifyHost } from './target.js';

export interface LeftHost {
  /** Where services of this name are looked for. */
  readonly group: string;
  /** The name is in `discovery.services`. */
  readonly isDeclared: boolean;
}

/** `names`: of services that the host may mean; undefined when there are none. */
export function leftToDns(
  host: string,
  names: readonly string[],
  { group, isDeclared }: LeftHost,
): string | undefined {
  const [name] = names;
  if (name === undefined) return undefined;
  const services =
    names.length === 1
      ? `a service ${name}`
      : `services ${names.join(' and ')}, alike but for case,`;
  const known = `Nacos has ${services} in group ${group}`;
  if (classifyHost(host) === 'dotted' && !isDeclared) {
    return `${known}, but a host with a dot is left to DNS unless it is declared: --discovery-services ${name}, or discovery.services in code or nacos.yaml; explicit adapters call it as it is`;
  }
  return `${known}: http://${host}/ without a port goes to its instances, by HTTP clients of Node`;
}
