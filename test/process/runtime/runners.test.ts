/** Runners as people use them, each by hand and under portramp: the same exit and the same output. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, type Machine, type Workspace } from '../workspace.ts';

const installed = process.env['PORTRAMP_TEST_RUNNERS'];
const modules = installed === undefined ? undefined : resolve(installed, 'node_modules');
const absent =
  modules === undefined || !existsSync(modules)
    ? ' (skipped: PORTRAMP_TEST_RUNNERS is no folder with test/runners/package.json installed)'
    : '';
const NODES = ['node14', 'node16', 'node18', 'node22', 'node24', 'node26'];

/** What a program prints about how it runs; 3, so that a crash of the runner is no success. */
const REPORT = `console.log(process.argv.length, process.execArgv.join(' '), typeof __filename);`;
const FILES = {
  'app.ts': `enum Kind { A = 4 }\nconst report: number = Kind.A;\n${REPORT}\nconsole.log('ts', report);\nprocess.exit(3);\n`,
  'app.coffee': `console.log "coffee", process.argv.length\nprocess.exit 3\n`,
  'app.js': `${REPORT}\nconsole.log(require.main === module, module.children.length, globalThis.isPreloaded);\nprocess.exit(3);\n`,
  'app.mjs': `import { lookup } from 'dns';\nconsole.log(typeof lookup, process.execArgv.join(' '));\nprocess.exit(3);\n`,
  'odd.wat': 'odd',
  'hook.js': `require.extensions['.wat'] = (m, f) => m._compile('console.log("hooked", process.argv.length); process.exit(3)', f);`,
  'pre load.js': `globalThis.isPreloaded = true;`,
  'worker.js': `const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) new Worker(__filename).on('exit', (code) => process.exit(code));
else { console.log('in a worker'); process.exit(3); }`,
  'fork.js': `if (process.argv[2]) { console.log('forked'); process.exit(3); }
require('child_process').fork(__filename, ['x']).on('exit', (code) => process.exit(code));`,
  'tsconfig.json': `{ "ts-node": { "transpileOnly": true }, "compilerOptions": { "module": "commonjs", "target": "es2019", "skipLibCheck": true, "types": [] } }`,
  'jest.config.js': `module.exports = { testMatch: ['**/*.jest.js'], maxWorkers: 2, haste: { enableSymlinks: true }, watchman: false };`,
  'a.jest.js': `test('a', () => expect(typeof require('dns').lookup).toBe('function'));`,
  'b.jest.js': `test('b', () => expect(1).toBe(2));`,
  'a.vi.mjs': `import { test, expect } from 'vitest';\ntest('a', () => expect(1).toBe(1));`,
  'b.vi.mjs': `import { test, expect } from 'vitest';\ntest('b', () => expect(1).toBe(2));`,
  'pnp/package.json': `{ "name": "root", "private": true, "workspaces": ["dep"], "dependencies": { "dep": "workspace:*" } }`,
  'pnp/dep/package.json': `{ "name": "dep", "version": "1.0.0" }`,
  'pnp/dep/index.js': `module.exports = 'from a workspace';`,
  'pnp/app.js': `console.log(require('dep'), process.versions.pnp !== undefined);\nprocess.exit(3);`,
  'pnp/yarn.lock': '',
};

const BIN = './node_modules/.bin';
/** Each a command for a shell, and the code that it ends with by hand. */
const RUNNERS: Readonly<Record<string, readonly [command: string, code: number]>> = {
  'ts-node': [`${BIN}/ts-node app.ts a`, 3],
  'node -r ts-node/register': ['node -r ts-node/register app.ts', 3],
  'nodemon --exec ts-node': [`${BIN}/nodemon -q --exitcrash --exec ${BIN}/ts-node app.ts`, 1],
  'esbuild-register': ['node -r esbuild-register app.ts', 3],
  '@swc-node/register': ['node -r @swc-node/register app.ts', 3],
  coffee: [`${BIN}/coffee app.coffee`, 3],
  'coffeescript/register': ['node -r coffeescript/register app.coffee', 3],
  tsx: [`${BIN}/tsx app.ts`, 3],
  'a hook of its own': ['node -r ./hook.js odd.wat', 3],
  'CommonJS and a flag': ['node --stack-trace-limit=20 app.js', 3],
  'an ES module': ['node app.mjs', 3],
  'a worker thread': ['node worker.js', 3],
  'a fork': ['node fork.js', 3],
  'NODE_OPTIONS of its own': ['NODE_OPTIONS=--max-old-space-size=200 node app.js', 3],
  'NODE_OPTIONS with a blank in a path': [
    `NODE_OPTIONS="$NODE_OPTIONS --require \\"./pre load.js\\"" node app.js`,
    3,
  ],
  bun: [`${BIN}/bun run app.js`, 3],
  deno: [`${BIN}/deno run --no-prompt --allow-env app.mjs`, 3],
  'jest, two workers': [`${BIN}/jest --ci --no-cache --workerThreads=false`, 1],
  'vitest, threads': [`${BIN}/vitest run --pool=threads --dir . a.vi b.vi`, 1],
  'yarn PnP': [
    `cd pnp && export YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_GLOBAL_CACHE=0 YARN_ENABLE_IMMUTABLE_INSTALLS=0 YARN_NODE_LINKER=pnp && Y=../node_modules/@yarnpkg/cli-dist/bin/yarn.js && node $Y install >/dev/null && node $Y node app.js`,
    3,
  ],
  ...Object.fromEntries(NODES.map((name) => [name, [`./node_modules/${name}/bin/node app.js`, 3]] as const)),
};

/** Nothing that is another one each time: durations, colours, the order in which workers end. */
const steady = (text: string): string =>
  stripVTControlCharacters(text)
    .replaceAll(/\d+(\.\d+)? ?m?s\b|\d\d:\d\d:\d\d/g, 'TIME')
    // Said of what took long alone.
    .replaceAll(' (TIME)', '')
    .replaceAll(/\d+ %|\(transform.*\)/g, '')
    .split('\n')
    .map((line) => line.trim())
    // jest says that where a worker takes longer than half a second to end.
    .filter((line) => line !== '' && !line.startsWith('A worker process has failed to exit gracefully'))
    .toSorted()
    .join('\n');

const byHand = async (workspace: Workspace, machine: Machine, command: string, env = {}): Promise<object> =>
  new Promise((settle) => {
    const options = { cwd: workspace.root, env: { ...machine.environment, ...env } };
    execFile('sh', ['-c', command], options, (error, stdout, stderr) =>
      settle({
        code: typeof error?.code === 'number' ? error.code : 0,
        stdout: steady(stdout),
        stderr: steady(stderr),
      }),
    );
  });

describe.skipIf(absent !== '')(`a runner${absent}`, () => {
  let machine: Machine;
  let workspace: Workspace;
  beforeAll(() => {
    machine = createMachine();
    workspace = machine.workspace(
      'runners',
      'version: 1\nworkspace: runners\nservices:\n  app: { command: "true" }\n',
    );
    for (const [path, text] of Object.entries(FILES)) workspace.write(path, text);
    symlinkSync(modules ?? '', join(workspace.root, 'node_modules'));
  });
  afterAll(() => machine.close());

  it.each(Object.entries(RUNNERS))('%s', async (_name, [command, code]) => {
    const bare = await byHand(workspace, machine, command);
    const under = await workspace.run('exec', 'app', 'sh', '-c', command);
    expect(bare).toMatchObject({ code });
    expect({ ...under, stdout: steady(under.stdout), stderr: steady(under.stderr) }).toEqual(bare);
  });

  it.each(['--require ./hook.js', '-r ./hook.js', '--require "./pre load.js" -r ./hook.js', '--no-warnings'])(
    'the shell has NODE_OPTIONS=%s',
    async (options) => {
      const env = { NODE_OPTIONS: options };
      const command = options.includes('hook') ? 'node odd.wat' : 'node app.js';
      const bare = await byHand(workspace, machine, command, env);
      const under = await machine.run(['exec', 'app', 'sh', '-c', command], {
        cwd: workspace.root,
        env: { ...machine.environment, ...env },
      });
      expect(bare).toMatchObject({ code: 3 });
      expect({ ...under, stdout: steady(under.stdout), stderr: steady(under.stderr) }).toEqual(bare);
    },
  );

  it.each(['a blank', 'a "quote"'])('portramp lives in a folder with %s in its name', async (name) => {
    const folder = join(machine.folder('copies'), name);
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(resolve(import.meta.dirname, '../../..', part), join(folder, part), { recursive: true });
    const lookup = `require('dns').lookup('x.localhost', { family: 4 }, (e, a) => console.log(a))`;
    const program = `const { execFileSync } = require('child_process'); ${lookup}; ${JSON.stringify(NODES)}.forEach((n) => process.stdout.write(execFileSync('./node_modules/' + n + '/bin/node', ['-e', ${JSON.stringify(lookup)}])))`;
    workspace.write('nodes.js', program);
    const args = [join(folder, 'bin/portramp.js'), 'exec', 'app', 'node', 'nodes.js'];
    const { stdout } = await new Promise<{ stdout: string }>((settle) => {
      execFile(
        process.execPath,
        args,
        { cwd: workspace.root, env: machine.environment },
        (_error, out, stderr) => settle({ stdout: out + stderr }),
      );
    });
    expect(stdout).toBe('127.0.0.1\n'.repeat(NODES.length + 1));
  });
});

describe.skipIf(absent !== '')(`a service on another Node${absent}`, () => {
  let machine: Machine;
  beforeAll(() => {
    machine = createMachine();
  });
  afterAll(() => machine.close());

  it('is ready, and reaches others by their names', async () => {
    const services = NODES.map(
      (name) => `  ${name}: { command: ./node_modules/${name}/bin/node server.js, ready: { http: / } }`,
    );
    const workspace = machine.workspace(
      'old',
      `version: 1\nworkspace: old\nservices:\n${services.join('\n')}\n`,
    );
    symlinkSync(modules ?? '', join(workspace.root, 'node_modules'));
    workspace.write(
      'server.js',
      `const http = require('http');
// On a busy machine a connection may take longer than the 250 ms that Node gives to each family.
require('net').setDefaultAutoSelectFamilyAttemptTimeout?.(10_000);
const seen = (url, done) => http.get(url, { agent: false }, (r) => done(r.resume().statusCode)).on('error', (e) => done(e.code));
const port = process.env.PORT;
http.createServer((q, r) => q.url === '/self' ? seen('http://me.localhost:' + port + '/', (s) => r.end(String(s)))
  : q.url === '/fetch' ? fetch('http://me.localhost:' + port + '/').then((a) => r.end(String(a.status)), (e) => r.end(String(e.cause)))
  : r.end('ok')).listen(port, '127.0.0.1');`,
    );
    expect(await workspace.run('dev', '-d')).toMatchObject({ code: 0 });
    const answers = await Promise.all(
      NODES.flatMap((name) =>
        ['/self', ...(Number(name.slice(4)) >= 18 ? ['/fetch'] : [])].map(async (path) => {
          const { body } = await machine.get(`${name}.old.localhost`, path);
          return `${name} ${path} ${body}`;
        }),
      ),
    );
    expect(answers.filter((answer) => !answer.endsWith(' 200'))).toEqual([]);
    expect(await workspace.run('down')).toMatchObject({ code: 0 });
  });
});
