/**
 * Owns what a row of the table of options is. The rows stand in rows/, and schema.ts joins them. Types only.
 */
export type OptionKind =
  | 'text'
  /** An IPv4, an IPv6 (brackets are taken off) or a host name, as others can reach it. */
  | 'host'
  /** A path; relative ones start at the working directory. */
  | 'file'
  | 'port'
  | 'integer'
  | 'number'
  | 'boolean'
  /** Seconds in flags, variables and files; milliseconds in code, under a key that ends in `Ms`. */
  | 'seconds'
  | 'address-list'
  /** Texts, separated by commas or as a list; each matches `pattern`. */
  | 'list'
  | 'metadata'
  | 'choice'
  /** Services by name or pattern with what is set for each; services.ts. */
  | 'services';

/** One value as a flag names it; what flags of the command line alone have is here too. */
export interface FlagRow {
  /** Name in errors and origins: `area.key` in snake_case. Without area: a key of `nacos` in files. */
  readonly path: string;
  readonly kind: OptionKind;
  /** In the unit of flags and files. undefined: detected, or nothing; `unset` then says what happens. */
  readonly default: string | number | boolean | undefined;
  readonly unset?: string;
  /** Without the leading `--`. */
  readonly flag: string;
  /** Its value is shown nowhere. */
  readonly secret?: true;
  /** One sentence for `--help` and the docs. */
  readonly doc: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Other spellings -> the value they stand for; looked up in lower case. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** What a text has to look like, and the same in words. */
  readonly pattern?: RegExp;
  readonly allowed?: string;
  /** Items of a list are interfaces or networks (networks.ts). */
  readonly networks?: true;
  /** It can be set for one service as well: in `discovery.services`, by the same key. */
  readonly perService?: true;
  /** Of a list: a flag that is given again adds to it. Of others the last one counts. */
  readonly repeatable?: true;
  /** It can change while the process runs: by the config that `config.watch` names. */
  readonly live?: true;
  /** The word `auto` means: not given here, and nothing further down counts either. */
  readonly auto?: true;
}

/** One option: it has a variable and a place in files besides its flag. */
export interface OptionRow extends FlagRow {
  readonly env: `NACOS_${string}`;
}
