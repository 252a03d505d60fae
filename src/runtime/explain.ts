/**
 * Owns the search for what somebody may have meant by a name: can a URL carry it, is there such a service, and if not, what is near or stands in
 * another group or namespace. Used by `nacos-serving why`. It asks the registry what no call would ask, and gives up quietly
 * where it is refused: these are hints.
 */
import type { Discovery } from '../discovery/discovery.js';
import type { NameExplanation } from '../discovery/explain.js';
import { classifyHost } from '../discovery/target.js';
import { isNacosError } from '../errors.js';
import { DEFAULT_GROUP, DEFAULT_NAMESPACE } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import { nearestName } from '../options/suggest.js';

/** How a URL gets to the service: as it is, only where it is declared or explicit, or not at all. */
export interface UrlReach {
  readonly url: string;
  readonly reach: 'any-client' | 'declared' | 'never';
  /** In words, when there is something to say. */
  readonly note: string | undefined;
}

export interface NameFindings {
  readonly name: string;
  readonly group: string;
  readonly namespace: string;
  readonly url: UrlReach;
  readonly meaning: NameExplanation;
  /** Lines on what may have been meant; empty when the service was found. */
  readonly hints: readonly string[];
}

export interface FindingParts {
  readonly discovery: Discovery;
  readonly naming: NamingApi;
  readonly group: string;
  readonly namespace: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Groups besides the default one that are worth a look. */
  readonly otherGroups: readonly string[];
  /** Asks in another namespace with the same user. */
  readonly inNamespace: (namespace: string) => {
    readonly naming: NamingApi;
    close(): Promise<void>;
  };
}

const PAGE_SIZE = 500;
const MAX_PAGES = 20;

export async function findOut(name: string, parts: FindingParts): Promise<NameFindings> {
  const { discovery, group, namespace, headers } = parts;
  const meaning = await discovery.explain(name, { headers });
  const isMissing =
    meaning.kind === 'unknown' || (meaning.kind === 'service' && meaning.instances.length === 0);
  return {
    name,
    group,
    namespace,
    url: urlReach(name),
    meaning,
    hints: isMissing ? await hintsOn(name, parts) : [],
  };
}

export function urlReach(name: string): UrlReach {
  const kind = classifyHost(name);
  const url = `http://${name}/`;
  if (kind === 'never' || !URL.canParse(url)) {
    const note =
      'this name cannot be the host of a URL: only code reaches it, by discovery.resolve()';
    return { url, reach: 'never', note };
  }
  const { hostname } = new URL(url);
  const spelled =
    hostname === name
      ? undefined
      : `a URL says ${hostname}, which is the same: names compare without case`;
  if (kind === 'single') return { url, reach: 'any-client', note: spelled };
  const note =
    'a name with a dot could be a host of DNS: unchanged clients reach it only when it is declared in the options, explicit adapters always';
  return { url, reach: 'declared', note };
}

async function hintsOn(name: string, parts: FindingParts): Promise<readonly string[]> {
  const { naming, group, namespace } = parts;
  const at = name.indexOf('@@');
  if (at > 0) {
    return [
      `Nacos writes group@@name: try ${name.slice(at + 2)} with --group ${name.slice(0, at)}`,
    ];
  }
  const hints: string[] = [];
  const names = await namesOf(naming, group);
  const nearest = nearestName(
    name,
    names.filter((one) => one.toLowerCase() !== name.toLowerCase()),
  );
  if (nearest !== undefined) hints.push(`did you mean ${nearest}?`);
  for (const other of new Set([DEFAULT_GROUP, ...parts.otherGroups])) {
    if (other !== group && (await isListed(naming, name, other))) {
      hints.push(`there is one in group ${other}: --group ${other}`);
    }
  }
  if (namespace !== DEFAULT_NAMESPACE) {
    const elsewhere = parts.inNamespace(DEFAULT_NAMESPACE);
    try {
      if (await isListed(elsewhere.naming, name, group)) {
        hints.push(
          `there is one in namespace ${DEFAULT_NAMESPACE}: --namespace ${DEFAULT_NAMESPACE}`,
        );
      }
    } finally {
      await elsewhere.close();
    }
  }
  return hints;
}

async function namesOf(naming: NamingApi, group: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const found = await naming.listServices({ group, page, pageSize: PAGE_SIZE });
      names.push(...found.names);
      if (found.names.length === 0 || names.length >= found.count) break;
    }
  } catch (error) {
    if (!isNacosError(error)) throw error;
    // The user may not list services: then there is no hint.
  }
  return names;
}

async function isListed(naming: NamingApi, name: string, group: string): Promise<boolean> {
  try {
    return (await naming.query({ name, group })).instances.length > 0;
  } catch (error) {
    if (!isNacosError(error)) throw error;
    // Not for this user, or no name of a service: no hint.
    return false;
  }
}
