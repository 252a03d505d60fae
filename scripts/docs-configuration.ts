/**
 * Owns the text of docs/configuration.md, made from the table of options, so that the page cannot lag behind. Called by
 * test/unit/options/docs.test.ts, which fails when the page is stale; `npx vitest run test/unit/options/docs.test.ts -u`
 * writes it. The Chinese page is docs-configuration-zh.ts.
 */
import { COMMANDS } from '../src/cli/args.js';
import { CLI_VARIABLE } from '../src/options/env.js';
import { SERVERS_ALLOWED } from '../src/options/server-list.js';
import { code, codeKeys, optionLines, timeoutInCode } from './lib/docs-options.js';

export function configurationPage(): string {
  return `# Configuration

<!-- Generated from src/options/schema.ts by scripts/docs-configuration.ts; do not edit.
     Write it anew: npx vitest run test/unit/options/docs.test.ts -u -->

Every option can be given in code, as a flag, as an environment variable and in a file. What stands further left wins:

    code > command line > environment > config center > file > default

\`undefined\` in code, an empty variable and an empty key in a file mean *not given*; \`0\`, \`''\` and \`false\` are values.
Every value of every layer is checked, also one that a higher layer hides. Metadata is the one option that is joined: key
by key, the higher layer wins per key.

Config center is the config that \`config.watch\` names, and it can set only what is marked **live**: those options change while the process runs, without a
restart ([runtime-changes.md](runtime-changes.md#options-from-config-center)). All others are read once, at the start.

## Options

| key in files | flag | variable | default | allowed | what it does |
|---|---|---|---|---|---|
${optionLines((english) => english)}

Booleans are \`--x\`, \`--no-x\` and \`--x=false\`; in variables and files also yes/no, on/off and 1/0. Times are seconds, fractions
allowed; in code they are milliseconds under a key that ends in \`Ms\`. Log levels may be in capitals; \`warning\` and
\`critical\` are read as \`warn\` and \`error\`.

In code the same options are an object of areas:

\`\`\`ts
{ server: '10.0.0.1:8848,10.0.0.2', service: { name: 'orders' }, shutdown: { ${timeoutInCode()}: 5000 } }
\`\`\`

Keys in code: ${codeKeys().map(code).join(', ')}.

## Files

The first of \`nacos.yaml\`, \`nacos.yml\` and \`nacos.json\` in the working directory counts; without any of them, the key \`nacos\` of
\`package.json\`. Areas stand at the root or under \`nacos\`; keys may be written in snake_case or camelCase.

\`\`\`yaml
nacos:
  server: 127.0.0.1:8848
  namespace: public
service:
  name: orders
  metadata:
    version: 1.10 # read as the text "1.10"
shutdown:
  quiet_time: 2
\`\`\`

An unknown key is an error, with line, column and the nearest name. A key that is given twice is one too.

Editors complete keys and underline mistakes by the JSON Schema that the package holds; the first line of the file names it:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/nacos-serving/schema/nacos.schema.json
\`\`\`

The path starts at the file. A sample with an app is in \`examples/nacos-yaml/app\`.

## When a server is registered

| auto_register | register_on_startup | register_on_request | |
|---|---|---|---|
| on | not given | off | as soon as it listens and is ready; this is the default |
| on | not given | on | with the first request that any server of the process gets |
| on | on, given | on or off | as soon as it listens and is ready |
| on | off | on | with the first request |
| on | off | off | never by itself |
| off | any | any | never by itself; calls by name work all the same |

What code registers by itself (\`registerServer\`, a plugin of a framework) is registered whatever \`auto_register\` says.

## Login, keys and TLS

\`username\` needs \`password\` or \`password_file\`, and the other way round; \`access_key\` needs \`secret_key\`, each as a text or as a file. Secrets are
shown nowhere, neither in logs and errors nor by \`--print-config\`. A user in front of a server's address (\`http://me:secret@host\`) is
refused. [security.md](security.md) tells which kind of credentials is for what, how they are renewed, and how TLS is set up.

Best is a file that only the app's user may read (\`NACOS_PASSWORD_FILE\`, \`NACOS_SECRET_KEY_FILE\`), then a variable. A flag stands in the
list of processes, which every
user of the machine may read, for as long as \`nacos-serving\` runs: until the app has taken its place on Node 22.15 and later, as long as
the app lives elsewhere. The flags reach the app in \`${CLI_VARIABLE}\`, secrets with them, as they stand. The variables of a process
can be read by its own user and by root only, but every process that the app starts inherits them.

## Servers

\`server\` is ${SERVERS_ALLOWED}.

\`\`\`
10.0.0.1:8848,10.0.0.2            two servers; gRPC at 9848
https://nacos.example.com:443     HTTP and gRPC by TLS
[fd00::1]:8848/registry           another context path than context_path
nacos:80?grpcPort=9000            a gateway with ports of its own
\`\`\`

HTTP is used for logins and lists of configs, gRPC for everything else. gRPC is reached at the port + \`grpc_port_offset\` unless the server says
\`?grpcPort=\`. With \`endpoint\` the list comes from an address server: \`nacos.example.com\` means
\`http://nacos.example.com:8080/nacos/serverlist\`, with \`?namespace=\` unless it is the public one. It answers with one \`host:port\` on each line.
The list is looked at again every \`endpoint_refresh\`; a connection to a server that is still listed stays, and when the list cannot be had the
last one is used.

## Detected values

\`service.name\`, \`service.ip\` and \`service.port\` are detected when nothing gives them. The word \`auto\` for ip and port
says so explicitly, and hides what a lower layer gives.

In Kubernetes, a service called \`nacos\` puts \`NACOS_SERVICE_HOST\`, \`NACOS_SERVICE_PORT\` and \`NACOS_PORT=tcp://...\` into every
pod of its namespace. That \`NACOS_SERVICE_PORT\` is the port of the Nacos server and not of your app: it is recognised and
ignored, with a warning in the log. A value of your own, different from it, counts. The same holds for a service called \`nacos-health\` or
\`nacos-advertised\`, whose \`NACOS_HEALTH_PORT\` or \`NACOS_ADVERTISED_PORT\` is a \`tcp://\` link.

## Command line

    nacos-serving [flags] app.js [arguments and flags]
    nacos-serving run [flags] app.js [-- arguments as they stand]
    nacos-serving [flags] -- command [arguments]
    nacos-serving dev [--port 8848] [--host 127.0.0.1]
    nacos-serving status|up|down|weight N|metadata key=value key- [--pid PID] [--service NAME] [--json]

- The first word that is no flag and names a command (${COMMANDS.map(code).join(', ')}) is that
  command; else the command is \`run\`. A file of such a name is \`./dev\`. \`--help\` behind a command explains it.
- Before the app every flag is ours, and an unknown one ends with exit code 2 and the nearest name.
- After the app the exact names of our flags are ours; everything else, \`--help\` too, goes to the app. After \`--\` everything does.
- A boolean takes the word \`true\` or \`false\` behind it: \`--empty-protection false\`. Other words are not touched.
- Without an app, \`--\` starts any command: \`nacos-serving -- npm start\`. It is looked up in PATH, with \`node_modules/.bin\` of the
  working directory and of the folders above in front.
- \`--dry-run\` checks options, files, the app and the command, prints what would be done, and starts nothing: the command, the registry,
  the name, every address that was looked at with the reason it was kept or dropped, and the options that somebody gave. No
  connection is made; a Nacos server that is given by name is looked up. Which port it will be, only the running app can tell:
  \`--show-detection\` (or the option \`registration.show_detection\`) has the app's process write names, addresses and servers with their
  reasons to stderr.
- \`--print-config\` prints every option with its value and where it comes from, secrets as \`***\`; with \`--print-config=json\` as JSON. It
  needs no app. Neither is an option of variables or files.
- A TypeScript file runs by itself on a Node that strips types; on older ones with the app's own \`tsx\`.

The flags reach the app's process in one variable, \`${CLI_VARIABLE}\`, and still rank above the environment; the hooks get there by
\`--require\` in \`NODE_OPTIONS\`, next to what is there already. Both are inherited by the processes that the app starts.

| exit code | when |
|---|---|
| the app's own | always once the app was started; after a signal the same signal (128 + number where a signal cannot end us) |
| 2 | the command line, an option or the file is wrong, or \`--dry-run\` found no name or address; nothing was started |
| 126 / 127 | the command is not executable / not found |
| 0 | \`dev\` was ended by Ctrl-C or SIGTERM; \`--dry-run\`, \`--print-config\`, \`--version\`, \`--help\` and the commands for running processes are done |
| 1 | \`dev\` cannot listen, for example because the port is in use; no running process is meant, or it refuses; the app itself with \`--fail-fast\` |

Signals: on Node 22.15 and later (not Windows) the app takes the place of \`nacos-serving\`, with the same pid. Elsewhere, and for
commands, it is a child: SIGTERM, SIGHUP, SIGQUIT and SIGUSR2 are forwarded, and SIGINT too unless the terminal has
already sent it to the child. After a SIGKILL of
\`nacos-serving\` itself an app of Node notices within half a second and leaves as on SIGTERM; other commands go on.

## Errors

Every error on options is one line that names the key, the value, where it came from and what is allowed. The command line
then ends with exit code 2 before the app starts; under preload or import the line is logged and the app runs unregistered; in
code a \`ConfigError\` is thrown.

    nacos-serving: service.port = "99999" (nacos.yaml:4:9): must be a port from 1 to 65535
    nacos-serving: unknown flag --servce-port: did you mean --service-port?
`;
}
