/**
 * Owns what `--help` shows. The flags come from the table of options, so that help cannot lag behind. Called by
 * `main.ts`; pure.
 */
import { ALL_ROWS, type FlagRow, type OptionRow } from '../options/schema.js';
import { DEV_ROWS, RUN_ROWS, type CommandName } from './args.js';
import { CONFIG_ACTIONS, CONFIG_OPTIONS, CONFIG_ROWS } from './config-args.js';
import { DOCTOR_ROWS } from './doctor-args.js';
import { CONTROL_ROWS, isControlCommand } from './control-args.js';
import {
  isLookupCommand,
  LOOKUP_OPTIONS,
  LOOKUP_ROWS,
  SHORT_FLAGS,
  type LookupCommand,
} from './lookup-args.js';

const WIDTH = 98;
const INDENT = '      ';

const USAGE = `Usage:
  nacos-serving [flags] app.js [arguments and flags]
  nacos-serving run [flags] app.js [-- arguments as they stand]
  nacos-serving [flags] -- command [arguments]      any command, like: -- npm start
  nacos-serving dev [--port 8848]                   a Nacos-compatible server for development
  nacos-serving status|up|down|weight|metadata      ask and change what running processes registered
  nacos-serving list|watch|why|call                 look at services of the registry and call them
  nacos-serving config get|put|watch|rm|import|export   configs of Nacos
  nacos-serving doctor                              what is wrong, and what to do about it
  nacos-serving help [command]
`;

const RULES = `Before app.js every flag is one of ours. After it the exact names of our flags are ours, and
everything else goes to the app. Order: code > flags > variables > nacos.yaml, nacos.yml, nacos.json
or the key "nacos" of package.json > default. Booleans: --x, --no-x, --x=false.
`;

const PLACEHOLDERS: Readonly<Record<FlagRow['kind'], string>> = {
  text: 'TEXT',
  host: 'ADDRESS',
  file: 'FILE',
  port: 'PORT',
  integer: 'N',
  number: 'NUMBER',
  boolean: '',
  seconds: 'SECONDS',
  'address-list': 'HOST:PORT,...',
  list: 'TEXT,...',
  metadata: 'KEY=VALUE',
  services: 'NAME,...',
  choice: '',
};

export function helpText(about: CommandName | undefined): string {
  if (about === 'dev') return devHelp();
  if (isControlCommand(about)) return controlHelp();
  if (isLookupCommand(about)) return lookupHelp(about);
  if (about === 'config') return configHelp();
  if (about === 'doctor') return doctorHelp();
  return [
    about === 'run'
      ? ''
      : 'Registers the server of an unchanged app in Nacos, and lets it call services by name.\n',
    USAGE,
    'Flags:',
    ...ALL_ROWS.map(flagHelp),
    ...RUN_ROWS.map(plainFlagHelp),
    ...['  -h, --help', '  -v, --version'],
    '',
    RULES,
  ]
    .join('\n')
    .trimStart();
}

function devHelp(): string {
  return [
    'Starts a Nacos-compatible server in memory, for development: no Java, nothing to install.\n',
    'Usage:\n  nacos-serving dev [flags]\n',
    'Flags:',
    ...DEV_ROWS.map(plainFlagHelp),
    '  -h, --help\n',
    'Ctrl-C or SIGTERM ends it with exit code 0. A port that is in use gives exit code 1.\n',
  ].join('\n');
}

function controlHelp(): string {
  return [
    'Talks to running processes of this user that have registered something.\n',
    'Usage:',
    '  nacos-serving status                   what they have registered, as the registry lists it',
    "  nacos-serving down                     out of every caller's list; the process goes on",
    '  nacos-serving up                       back again',
    '  nacos-serving weight 0.5               share of traffic against the other instances',
    '  nacos-serving metadata key=value key-  set and take out labels\n',
    'Flags:',
    ...CONTROL_ROWS.map(plainFlagHelp),
    '  -h, --help\n',
    'Exit codes: 0 done, 1 nobody there or refused, 2 wrong words or several processes to choose from\n',
  ].join('\n');
}

const LOOKUPS: Readonly<Record<LookupCommand, readonly [about: string, usage: string]>> = {
  list: [
    'Shows the services of a group, with how many of their instances are healthy.',
    'nacos-serving list [--group NAME] [--page N]',
  ],
  watch: [
    'Shows the instances of a service, then each change of them until Ctrl-C.',
    'nacos-serving watch orders',
  ],
  why: [
    'Shows what a name means, and of each instance whether a call from here would go there, and why not.',
    'nacos-serving why orders [-H "x-version: 2"]',
  ],
  call: [
    'Calls a service by name, like curl: the body on stdout, who answered on stderr.',
    `nacos-serving call orders/hello
  nacos-serving call https://orders/items -H "content-type: application/json" -d @item.json -i`,
  ],
};

const LOOKUP_EXITS: Readonly<Record<LookupCommand, string>> = {
  list: '0 done, 1 Nacos cannot be reached or refuses, 2 wrong words',
  watch: '0 ended by Ctrl-C or SIGTERM, 1 Nacos cannot be reached or refuses, 2 wrong words',
  why: '0 some instance can be called, 1 none, or Nacos cannot be reached, 2 wrong words',
  call: '0 status below 400, 22 from there on, 1 no instance or none that answers, 2 wrong words',
};

function lookupHelp(command: LookupCommand): string {
  const [about, words] = LOOKUPS[command];
  return [
    `${about}\n`,
    `Usage:\n  ${words}\n`,
    'Flags:',
    ...LOOKUP_ROWS[command].map(shortFlagHelp),
    ...LOOKUP_OPTIONS.map(flagHelp),
    '  -h, --help\n',
    `Exit codes: ${LOOKUP_EXITS[command]}\n`,
  ].join('\n');
}

function doctorHelp(): string {
  return [
    'Looks at options, servers, ports, clock, login, namespace, name, own address and listener, and says what to',
    'do about each finding. It changes nothing.\n',
    'Usage:\n  nacos-serving doctor [flags of run]\n',
    'Flags:',
    ...DOCTOR_ROWS.map(plainFlagHelp),
    ...ALL_ROWS.map(flagHelp),
    '  -h, --help\n',
    'Exit codes: 0 nothing failed, 1 something did, 2 wrong words or options\n',
  ].join('\n');
}

function configHelp(): string {
  return [
    'Reads, writes and follows configs of Nacos.\n',
    'Usage:',
    '  nacos-serving config get app.yaml           its content, as it is stored',
    '  nacos-serving config put app.yaml [FILE]    publish a file, or standard input',
    '  nacos-serving config watch app.yaml ...     the contents, then each change until Ctrl-C',
    '  nacos-serving config rm app.yaml            remove it',
    '  nacos-serving config export FOLDER          all configs, or those that match, as files',
    '  nacos-serving config import FOLDER          publish such files\n',
    ...CONFIG_ACTIONS.flatMap((action) => [
      `Flags of ${action}:`,
      ...CONFIG_ROWS[action].map(plainFlagHelp),
      '',
    ]),
    'Flags of all:',
    ...CONFIG_OPTIONS.map(flagHelp),
    '  -h, --help\n',
    'Exit codes: 0 done, 1 not there, refused or Nacos cannot be reached, 2 wrong words\n',
  ].join('\n');
}

function shortFlagHelp(row: FlagRow): string {
  const short = Object.entries(SHORT_FLAGS).filter(([, flag]) => flag === `--${row.flag}`);
  const names = short.map(([name]) => `${name}, `).join('');
  return plainFlagHelp(row).replace('  ', `  ${names}`);
}

/** Of a row that only the command line has. */
function plainFlagHelp(row: FlagRow): string {
  return `  ${spelling(row)}\n${wrap(`${row.doc} Default: ${defaultText(row)}.`, INDENT)}`;
}

function flagHelp(row: OptionRow): string {
  const facts = `${row.doc} Default: ${defaultText(row)}. Variable: ${row.env}.`;
  return `  ${spelling(row)}
${wrap(facts, INDENT)}`;
}

function spelling(row: FlagRow): string {
  if (row.kind === 'boolean') return `--${row.flag}, --no-${row.flag}`;
  return `--${row.flag} ${row.choices?.join('|') ?? PLACEHOLDERS[row.kind]}`;
}

function defaultText(row: FlagRow): string {
  if (row.kind === 'boolean') return row.default === true ? 'on' : 'off';
  const unit = row.kind === 'seconds' ? ' s' : '';
  return row.unset ?? `${String(row.default)}${unit}`;
}

function wrap(text: string, indent: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && indent.length + line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}
