/**
 * Owns `nacos-serving why`: what a name means from here, and of each instance whether a call would go there now, and why not. Called by
 * `look-up.ts`. It uses the options as an app started here would; what a running app has learned about failing instances is
 * in that app.
 */
import type { ExplainedChoice, NameExplanation, NotChosen } from '../../discovery/explain.js';
import { findOut, type NameFindings } from '../../runtime/explain.js';
import { makeDiscovery } from '../../runtime/make-discovery.js';
import { instanceLine } from '../instance-line.js';
import type { WhyInvocation } from '../lookup-args.js';
import { printable } from '../printable.js';
import type { RegistryAccess } from '../registry-access.js';

const REASONS: Readonly<Record<NotChosen, string>> = {
  unhealthy: 'Nacos counts it as unhealthy',
  disabled: 'it is disabled',
  weightless: 'its weight takes no traffic',
  'other-cluster': 'it is in none of the clusters that are set',
  'no-route': 'the routes send this call elsewhere',
  farther: 'there are nearer ones',
  'not-in-subset': 'of a large list, others are for this process',
  ejected: 'calls to it failed a moment ago',
};

export async function why(invocation: WhyInvocation, registry: RegistryAccess): Promise<number> {
  const { options, group, naming } = registry;
  await using discovery = makeDiscovery(options, registry);
  const findings = await findOut(invocation.service, {
    discovery,
    naming,
    group,
    namespace: options.namespace,
    headers: Object.fromEntries(invocation.headers),
    otherGroups: [],
    inNamespace: (namespace) => registry.inNamespace(namespace),
  });
  const callable = choicesOf(findings.meaning).filter(({ whyNot }) => whyNot === undefined);
  if (invocation.json) process.stdout.write(`${JSON.stringify(findings, orNull, 2)}\n`);
  else process.stdout.write(`${linesOf(findings, registry.where).join('\n')}\n`);
  return callable.length > 0 ? 0 : 1;
}

function choicesOf(meaning: NameExplanation): readonly ExplainedChoice[] {
  return meaning.kind === 'service' ? meaning.instances : [];
}

function linesOf(findings: NameFindings, where: string): readonly string[] {
  const { meaning, url, hints } = findings;
  return [
    `${printable(headline(findings))} (${where})`,
    ...(url.note === undefined ? [] : [`  ${printable(url.note)}`]),
    ...(meaning.kind === 'service' ? instanceLines(meaning.instances) : []),
    ...hints.map((hint) => `  ${printable(hint)}`),
  ];
}

function headline({ name, group, meaning }: NameFindings): string {
  switch (meaning.kind) {
    case 'service': {
      const { service, isExact, instances } = meaning;
      const callable = instances.filter(({ whyNot }) => whyNot === undefined).length;
      const found = isExact ? '' : `${name} is `;
      const count = `${String(callable)} of ${String(instances.length)} may be called`;
      return `${found}${service.name} of group ${service.group}: ${count}`;
    }
    case 'ambiguous':
      return `${name} may mean ${meaning.names.join(' or ')}: they differ in case only, and a URL has no case`;
    case 'unknown':
      return `there is no service ${name} in group ${group}`;
    case 'late':
      return `Nacos did not say in time what ${name} is`;
  }
}

function instanceLines(instances: readonly ExplainedChoice[]): readonly string[] {
  const chosen = instances.filter(({ whyNot }) => whyNot === undefined);
  const sum = chosen.reduce((all, { weight }) => all + weight, 0);
  return instances.map(({ instance, whyNot, weight }) => {
    const line = instanceLine(instance);
    if (whyNot !== undefined) return `- ${line}: ${REASONS[whyNot]}`;
    return `+ ${line}: ${((weight / sum) * 100).toFixed(0)} % of the calls`;
  });
}

/** A key that is left out would have to be guessed. */
function orNull(_key: string, value: unknown): unknown {
  return value ?? null;
}
