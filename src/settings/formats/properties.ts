/**
 * Owns the reading of Java properties: comments, `=`, `:` or a space behind the key, lines that go on after `\`, escapes, and `#---` between documents, as
 * Spring Boot has them. Called by `content.ts`. Pure. All values are texts.
 */
import { ContentError } from './content-error.js';

const DOCUMENT_END = /^[#!]---\s*$/;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** One map for each document, with keys as they are written. @throws ContentError */
export function parseProperties(text: string): readonly Readonly<Record<string, string>>[] {
  const documents = [new Map<string, string>()];
  const lines = text.split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index++) {
    const first = index;
    let line = (lines[index] ?? '').trimStart();
    if (DOCUMENT_END.test(line)) {
      documents.push(new Map<string, string>());
      continue;
    }
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    while (goesOn(line) && index + 1 < lines.length) {
      index += 1;
      line = `${line.slice(0, -1)}${(lines[index] ?? '').trimStart()}`;
    }
    if (goesOn(line)) line = line.slice(0, -1);
    const { key, value } = splitLine(line);
    documents.at(-1)?.set(unescape(key, first + 1), unescape(value, first + 1));
  }
  // A map first: `__proto__` is a key like any other until tree.ts leaves it out.
  return documents.map((entries) => Object.fromEntries(entries));
}

/** An odd number of backslashes at the end. */
function goesOn(line: string): boolean {
  return (/\\+$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitLine(line: string): { readonly key: string; readonly value: string } {
  const found = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*([\s\S]*)$/.exec(line);
  return { key: found?.[1] ?? line, value: found?.[2] ?? '' };
}

function unescape(text: string, line: number): string {
  return text.replace(
    /\\(u([\dA-Fa-f]{4})?|[\s\S])/g,
    (_, sign: string, code: string | undefined) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      if (sign === 'u')
        throw new ContentError(`line ${String(line)}: \\u needs four hexadecimal digits`);
      return ESCAPES[sign] ?? sign;
    },
  );
}
