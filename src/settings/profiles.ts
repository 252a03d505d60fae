/**
 * Owns which documents of a content count for the active profiles: `spring.config.activate.on-profile`, as Spring Boot has it. Used by `content.ts`. Pure.
 * A list or commas mean any of them; `!`, `&` and `|` may join names, without brackets.
 */
import { valueAt } from './key-path.js';
import { TreeError, type SettingsTree, type SettingsValue } from './tree.js';

const PATH = ['spring', 'config', 'activate', 'on-profile'];

/** Those that count, in order, without the condition itself. @throws TreeError */
export function activeDocuments(
  documents: readonly SettingsTree[],
  profiles: readonly string[],
): readonly SettingsTree[] {
  return documents.flatMap((document) => {
    const condition = valueAt(document, PATH);
    if (condition === undefined) return [document];
    return matches(condition, profiles) ? [withoutCondition(document)] : [];
  });
}

function matches(condition: unknown, profiles: readonly string[]): boolean {
  const texts: readonly unknown[] = Array.isArray(condition) ? condition : [condition];
  return texts.some((text) => {
    if (typeof text !== 'string' || /[()]/.test(text)) {
      throw new TreeError(`${PATH.join('.')}: must be names of profiles, with !, & and |`);
    }
    return text.split(/[,|]/).some((all) => all.split('&').every((one) => holds(one, profiles)));
  });
}

function holds(text: string, profiles: readonly string[]): boolean {
  const name = text.trim();
  return name.startsWith('!') ? !profiles.includes(name.slice(1).trim()) : profiles.includes(name);
}

/** What is left empty by that goes as well. */
function withoutCondition(document: SettingsTree, path: readonly string[] = PATH): SettingsTree {
  const [key = '', ...rest] = path;
  const others = Object.entries(document).filter(([other]) => other !== key);
  const inner = rest.length === 0 ? {} : withoutCondition(asTree(document[key]), rest);
  return Object.fromEntries(
    Object.keys(inner).length === 0 ? others : [...others, [key, inner] as const],
  );
}

function asTree(value: SettingsValue | undefined): SettingsTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as SettingsTree)
    : {};
}
