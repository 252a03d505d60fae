/** Owns the lines that commands write beside their answer: on stderr, so that the answer can be piped. */
import { printable } from './printable.js';

export function say(line: string): void {
  process.stderr.write(`nacos-serving: ${printable(line)}\n`);
}
