/**
 * What an app can tell of being started by `nacos-serving`: nothing but two variables and the preload. Each thing is asked twice, with
 * the command line and without, and has to be the same. Package from dist, no registry.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';

import { describe, expect, it } from 'vitest';

import { startNode } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';
import { CLI } from './launching-scene.js';

/** Prints what an app can see of how it was started. */
const REPORT = `
const { argv, argv0, execArgv, title, stdin, stdout, stderr, env } = process;
const ours = /^(NODE_OPTIONS|NACOS_SERVING_|PWD$|_$)/;
const seen = {
  argv, argv0, execArgv, title, cwd: process.cwd(), connected: process.connected,
  tty: [stdin.isTTY, stdout.isTTY, stderr.isTTY, stdout.columns, stdout.rows],
  env: Object.entries(env).filter(([key]) => !ours.test(key)).sort(),
};
`;
const IN_COMMONJS = `${REPORT}
console.log(JSON.stringify({ ...seen, main: require.main === module, file: __filename }));`;
const IN_A_MODULE = `${REPORT}
console.log(JSON.stringify({ ...seen, main: import.meta.main, url: import.meta.url }));`;

const HELD_BACK = ['VITEST', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'];
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !key.startsWith('NACOS_') && !HELD_BACK.some((start) => key.startsWith(start)),
    ),
  );

/** Runs `node ...argv` to its end. */
function runNode(argv: readonly string[], cwd: string, input: Buffer = Buffer.alloc(0)) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, argv, {
    ...{ cwd, input, env: cleanEnv(), maxBuffer: 2 ** 26 },
  });
  return { status, signal, stdout, stderr: stderr.toString() };
}

describe('an app sees the same as without us', () => {
  it.each([
    ['in CommonJS', 'app.cjs', IN_COMMONJS],
    ['in an ES module', 'app.mjs', IN_A_MODULE],
  ])('%s: argv, the main module, streams, environment', (_, file, text) => {
    using folder = tempFolder({ [file]: text });
    const flags = ['--stack-size=900', '--title=shop'];
    const words = [file, 'a b', '--port=1', '-x', ''];
    const bare = runNode([...flags, ...words], folder.path);
    const withUs = runNode([...flags, CLI, ...words], folder.path);
    expect(withUs.stderr).toBe('');
    expect(JSON.parse(withUs.stdout.toString())).toEqual(JSON.parse(bare.stdout.toString()));
    expect(withUs.stdout.toString()).toContain('"a b"');
  });

  it('in a terminal, with its size', () => {
    using folder = tempFolder({ 'app.cjs': IN_COMMONJS, 'terminal.py': TERMINAL });
    const inTerminal = (words: readonly string[]): Record<string, unknown> => {
      const { stdout } = spawnSync('python3', ['terminal.py', process.execPath, ...words], {
        ...{ cwd: folder.path, env: cleanEnv(), encoding: 'utf8' },
      });
      const start = stdout.indexOf('{');
      return JSON.parse(stdout.slice(start, stdout.lastIndexOf('}') + 1)) as Record<
        string,
        unknown
      >;
    };
    const withUs = inTerminal([CLI, 'app.cjs']);
    expect(withUs).toEqual(inTerminal(['app.cjs']));
    expect(withUs['tty']).toEqual([true, true, true, 91, 17]);
  });

  const ECHO = 'process.stdin.pipe(process.stdout); process.stderr.write("said apart");';
  it.each([
    ['the app', ['app.cjs']],
    ['a command', ['--', process.execPath, 'app.cjs']],
  ])('%s reads stdin and writes stdout byte by byte', (_, words) => {
    using folder = tempFolder({ 'app.cjs': ECHO });
    const bytes = randomBytes(2 ** 20);
    const ran = runNode([CLI, ...words], folder.path, bytes);
    expect(ran).toMatchObject({ status: 0, stderr: 'said apart' });
    expect(ran.stdout.equals(bytes)).toBe(true);
  });
});

describe('a shell shows the end of', () => {
  it.each([
    ['an exit code', 'process.exit(3)', 3],
    ['SIGTERM', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 9e5)', 143],
    ['SIGKILL', 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 9e5)', 137],
    ['an exception', 'throw new Error("thrown")', 1],
  ])('%s as without us', (_, text, code) => {
    using folder = tempFolder({ 'app.cjs': text });
    const shown = (...words: readonly string[]): string =>
      spawnSync('sh', ['-c', '"$@"; echo "code $?"', 'sh', process.execPath, ...words], {
        ...{ cwd: folder.path, env: cleanEnv(), encoding: 'utf8' },
      }).stdout;
    expect(shown(CLI, 'app.cjs')).toBe(`code ${String(code)}\n`);
    expect(shown(CLI, '--', process.execPath, 'app.cjs')).toBe(`code ${String(code)}\n`);
    expect(shown('app.cjs')).toBe(`code ${String(code)}\n`);
  });
});

describe('the debugger', () => {
  const URL_OF_INSPECTOR = 'console.log("inspector", require("node:inspector").url())';

  it.each([
    ['by a flag of ours', (flag: string) => ({ flags: [flag], env: {} })],
    ['by NODE_OPTIONS', (flag: string) => ({ flags: [], env: { NODE_OPTIONS: flag } })],
  ])('%s is the one of the app, on the port that was asked for', async (_, give) => {
    using folder = tempFolder({ 'app.cjs': URL_OF_INSPECTOR });
    const port = await freePort();
    const { flags, env } = give(`--inspect=${String(port)}`);
    await using child = startNode([...flags, CLI, 'app.cjs'], { cwd: folder.path, env });
    await child.line(new RegExp(`^inspector ws://127\\.0\\.0\\.1:${String(port)}/`));
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.lines.filter((line) => line.includes('failed'))).toEqual([]);
  });
});

describe('a parent that forked us', () => {
  it('sends and gets what only advanced messages can hold', async () => {
    using folder = tempFolder({
      'app.cjs': 'process.on("message", (m) => process.send(m, () => process.disconnect()));',
      'parent.cjs': `
        const { fork } = require('node:child_process');
        const child = fork(process.argv[2], ['app.cjs'], { serialization: 'advanced' });
        child.on('message', (m) => console.log(m instanceof Map, m.get('a').getTime()));
        child.on('exit', (code) => console.log('exit ' + code));
        child.send(new Map([['a', new Date(5)]]));`,
    });
    await using parent = startNode(['parent.cjs', CLI], { cwd: folder.path });
    await parent.exit();
    expect(parent.lines).toEqual(['true 5', 'exit 0']);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = Object(server.address()) as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a command in a terminal of its own, 91 wide and 17 high, and prints what it says there. */
const TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 17, 91, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
os.waitpid(pid, 0)
print(seen.decode().replace('\\r', '').replace('\\n', ''))
`;
