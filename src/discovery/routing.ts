/**
 * Owns the rules of gray release: which instances a call may go to, by what it carries. `callable-list.ts` asks for each call, and only
 * when the service has rules. Rules are read once when they are set (`compileRoutes`); the instances are sorted by what they are
 * labelled for once per list (`RoutedViews`), so that a call costs one look into a map, whatever values callers send.
 */
import type { Logger } from '../logger.js';
import type { Instance } from '../model.js';
import type { CallInfo } from '../process-hub.js';
import { routingValue } from '../routing-context.js';
import { entryOfBaggage } from '../util/baggage.js';
import type { Target } from './call-target.js';
import type { RouteRule, RouteSource } from './service-settings.js';
import type { View } from './view.js';

type Read = (call: Pick<CallInfo, 'header'>) => string | undefined;

export interface CompiledRoute {
  readonly rule: RouteRule;
  /** The value of a call that the rule is for; undefined when it is not for this call. */
  readonly read: Read;
}

/** The call value that an instance is labelled for. every: for each value that the rule is for. */
type Label = string | typeof EVERY;
const EVERY = Symbol('every value');
const NO_CALL: Pick<CallInfo, 'header'> = { header: () => undefined };

/** A function of the user that fails is logged once, and has no value. */
export function compileRoutes(
  rules: readonly RouteRule[],
  logger: Logger,
): readonly CompiledRoute[] {
  return rules.map((rule) => {
    const reads = rule.from.map((source) => compileSource(source, logger));
    const read: Read = (call) => {
      for (const one of reads) {
        const value = one(call);
        if (value === undefined || value === '') continue;
        return rule.equals === undefined || rule.equals === value ? value : undefined;
      }
      return undefined;
    };
    return { rule, read };
  });
}

function compileSource(source: RouteSource, logger: Logger): Read {
  if ('header' in source) {
    const name = source.header.toLowerCase();
    return (call) => call.header(name) ?? routingValue(name);
  }
  if ('context' in source) {
    const key = source.context.toLowerCase();
    return (call) => {
      const value = routingValue(key);
      if (value !== undefined) return value;
      const baggage = call.header('baggage');
      return baggage === undefined ? undefined : entryOfBaggage(baggage, key);
    };
  }
  let hasFailed = false;
  return (call) => {
    try {
      const value: unknown = source.read(call);
      return typeof value === 'string' ? value : undefined;
    } catch (error) {
      if (!hasFailed) logger.warn(`the function of a route failed: ${String(error)}`);
      hasFailed = true;
      return undefined;
    }
  };
}

export interface RoutedParts {
  readonly targets: readonly Target[];
  readonly routes: readonly CompiledRoute[];
  /** The view of all targets, and of some of them. */
  readonly all: View;
  readonly viewOf: (targets: readonly Target[]) => View;
}

/** The views of one list under one set of rules. */
export class RoutedViews {
  readonly #rules: readonly RuleViews[];
  readonly #untagged: View;

  constructor({ targets, routes, all, viewOf }: RoutedParts) {
    this.#rules = routes.map((route) => new RuleViews(route, { targets, all, viewOf }));
    const kept = this.#rules.filter(({ rule }) => rule.untagged !== 'any');
    const others = targets.filter((target) => !kept.some((one) => one.hasLabelled(target)));
    const isAll = others.length === 0 || others.length === targets.length;
    this.#untagged = isAll ? all : viewOf(others);
  }

  of(call: Pick<CallInfo, 'header'> = NO_CALL): View {
    for (const rule of this.#rules) {
      const view = rule.of(call);
      if (view !== undefined) return view;
    }
    return this.#untagged;
  }
}

class RuleViews {
  readonly rule: RouteRule;
  readonly #read: Read;
  /** Complete: a value that is not here has no instance. */
  readonly #byLabel = new Map<Label, View>();
  readonly #labelled = new Set<Target>();
  readonly #otherwise: View;

  constructor({ rule, read }: CompiledRoute, parts: Omit<RoutedParts, 'routes'>) {
    const { targets, all, viewOf } = parts;
    this.rule = rule;
    this.#read = read;
    const groups = new Map<Label, Target[]>();
    for (const target of targets) {
      const label = labelOf(target.instance, rule);
      if (label === undefined) continue;
      this.#labelled.add(target);
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [target]);
      else group.push(target);
    }
    for (const [label, group] of groups) this.#byLabel.set(label, viewOf(group));
    if (rule.otherwise === 'any') this.#otherwise = all;
    else if (rule.otherwise === 'none') this.#otherwise = viewOf([]);
    else this.#otherwise = viewOf(targets.filter((target) => !this.#labelled.has(target)));
  }

  /** undefined: the rule is not for this call. */
  of(call: Pick<CallInfo, 'header'>): View | undefined {
    const value = this.#read(call);
    if (value === undefined) return undefined;
    return this.#byLabel.get(value) ?? this.#byLabel.get(EVERY) ?? this.#otherwise;
  }

  hasLabelled(target: Target): boolean {
    return this.#labelled.has(target);
  }
}

/** undefined: the rule sends no value to this instance. */
function labelOf({ metadata }: Instance, rule: RouteRule): Label | undefined {
  let label: Label = EVERY;
  for (const [key, wanted] of Object.entries(rule.to)) {
    const has = metadata[key];
    if (has === undefined) return undefined;
    const star = wanted.indexOf('*');
    if (star < 0) {
      if (has !== wanted) return undefined;
      continue;
    }
    const value = between(has, wanted.slice(0, star), wanted.slice(star + 1));
    if (value === undefined || (label !== EVERY && label !== value)) return undefined;
    label = value;
  }
  const isOther = label !== EVERY && rule.equals !== undefined && label !== rule.equals;
  return isOther ? undefined : label;
}

/** What `*` stands for; undefined when the text is not of this shape. */
function between(text: string, before: string, after: string): string | undefined {
  const isOfShape =
    text.length > before.length + after.length && text.startsWith(before) && text.endsWith(after);
  return isOfShape ? text.slice(before.length, text.length - after.length) : undefined;
}
