/** A workspace on disk, a private state folder, and the command line as a user types it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

import { eventually } from '../eventually.ts';
import { locateHome, type Home } from '../../src/lib/home.ts';
import { lockHolder } from '../../src/lib/lock.ts';
import { isAlive } from '../../src/lib/process-identity.ts';
import type { StackJson } from '../../src/cli/render/json.ts';
import type { Front, PublishedService } from '../../src/protocol/messages.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
/** The program. */
export const PORTRAMP = join(REPOSITORY, 'bin/portramp.js');

/** Programs that tests run as services. */
export const program = (name: string): string => join(import.meta.dirname, 'programs', name);

/** The command of a service that runs one of them, for a contract: a list, so that no shell stands between. */
export const node = (name: string): string => `[${process.execPath}, ${program(name)}]`;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Listing {
  readonly version: 1;
  readonly front: Front;
  readonly stacks: readonly StackJson[];
}

/** A `portramp` that goes on: `dev` or `logs -f` in a terminal that is none. */
export interface Running {
  readonly child: ChildProcess;
  /** All that it has printed so far, both streams. */
  readonly output: string;
  /** Resolves when something that it printed matches. */
  prints(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface Machine {
  readonly home: Home;
  readonly environment: NodeJS.ProcessEnv;
  /** A workspace in a folder of its own. */
  workspace(name: string, contract: string): Workspace;
  /** A folder that goes with the machine. */
  folder(name: string): string;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  start(args: readonly string[], options?: RunOptions): Running;
  ls(): Promise<Listing>;
  /** A request through the front, with this Host. */
  get(host: string, path?: string, headers?: http.OutgoingHttpHeaders): Promise<Answer>;
  /** Takes everything down and proves that no process of it is left. */
  close(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Workspace {
  readonly root: string;
  write(path: string, text: string): void;
  contract(text: string): void;
  run(...args: string[]): Promise<Result>;
  start(...args: string[]): Running;
  /** The stack of this workspace's root; fails when none is running. */
  stack(environment?: string): Promise<StackJson>;
  service(name: string): Promise<PublishedService>;
  /** Resolves when the service is in this state. */
  until(name: string, state: PublishedService['state'], timeout?: number): Promise<PublishedService>;
  git(...args: string[]): Promise<string>;
}

export function createMachine(): Machine {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-')));
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PORTRAMP_HOME: join(base, 'home'),
    PORTRAMP_HTTP_PORT: '0',
    NO_COLOR: '1',
  };
  for (const name of ['FORCE_COLOR', 'NODE_OPTIONS', 'PORTRAMP_RUN', 'VITEST', 'PORT', 'HOST'])
    delete environment[name];
  const home = locateHome(environment);
  const running: Running[] = [];

  const run: Machine['run'] = async (args, options = {}) => {
    const { cwd = base, env = environment } = options;
    return new Promise((settle) => {
      execFile(
        process.execPath,
        [PORTRAMP, ...args],
        { cwd, env, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
          settle({ code, stdout, stderr });
        },
      );
    });
  };
  const start: Machine['start'] = (args, options = {}) => {
    const one = follow(args, { cwd: base, env: environment, ...options });
    running.push(one);
    return one;
  };
  const ls: Machine['ls'] = async () => {
    const { code, stdout, stderr } = await run(['ls', '--json']);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Listing;
  };
  const machine: Machine = {
    home,
    environment,
    run,
    start,
    ls,
    folder: (name) => {
      const folder = join(base, name);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    workspace: (name, contract) => {
      const workspace = openWorkspace(machine, machine.folder(name));
      workspace.contract(contract);
      return workspace;
    },
    get: async (host, path = '/', headers = {}) => {
      const { front } = await ls();
      if (front.http === undefined) throw new Error(`the front is not up: ${front.problem}`);
      return request({ host: '127.0.0.1', port: front.http, path, headers: { ...headers, host } });
    },
    close: async () => {
      await run(['down', '--all']);
      for (const { child } of running) if (child.exitCode === null) child.kill('SIGTERM');
      await Promise.all(running.map(({ ended }) => ended));
      const daemon = lockHolder(home.lock);
      await run(['daemon', 'stop', '--force']);
      await eventually(() => expect(daemon === undefined || !isAlive(daemon)).toBe(true));
      await eventually(() => expect(processesOf(home)).toEqual([]));
      rmSync(base, { recursive: true, force: true });
    },
  };
  return machine;
}

/** A workspace in a folder that is there already, such as a git worktree. */
export function openWorkspace(machine: Machine, root: string): Workspace {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const stack: Workspace['stack'] = async (environment = 'dev') => {
    const { stacks } = await machine.ls();
    const found = stacks.find((one) => one.root === root && one.environment === environment);
    if (found === undefined) throw new Error(`no stack runs in ${root}`);
    return found;
  };
  const service: Workspace['service'] = async (name) => {
    const found = (await stack()).services.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  };
  return {
    root,
    write,
    contract: (text) => write('portramp.yaml', text),
    run: (...args) => machine.run(args, { cwd: root }),
    start: (...args) => machine.start(args, { cwd: root }),
    stack,
    service,
    until: (name, state, timeout = 60_000) =>
      eventually(async () => {
        const found = await service(name);
        expect(`${found.name} ${found.state}`).toBe(`${name} ${state}`);
        return found;
      }, timeout),
    git: async (...args) => {
      const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
      const { stdout } = await promisify(execFile)('git', [...identity, ...args], { cwd: root });
      return stdout.trim();
    },
  };
}

function follow(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Running {
  const child = spawn(process.execPath, [PORTRAMP, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const waiting = new Set<() => void>();
  const onText = (text: string): void => {
    output += text;
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', onText);
  child.stderr.setEncoding('utf8').on('data', onText);
  const ended = new Promise<number | NodeJS.Signals>((settle) => {
    child.once('close', (code, signal) => settle(code ?? signal ?? 1));
  });
  return {
    child,
    ended,
    get output() {
      return output;
    },
    prints: (pattern, timeout = 60_000) =>
      new Promise((settle, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
        };
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          done();
          settle(match);
        };
        const fail = (why: string): void => {
          done();
          reject(new Error(`${why} before ${pattern} was printed; it printed:\n${output}`));
        };
        const timer = setTimeout(() => fail(`${timeout} ms went by`), timeout);
        waiting.add(look);
        void ended.then(() => {
          look();
          if (waiting.has(look)) fail('it ended');
        });
        look();
      }),
  };
}

/** Pids of all processes that were started for this home, by their environment (Linux only). */
export function processesOf(home: Home): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`PORTRAMP_HOME=${home.root}`))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function read(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

export function request(options: http.RequestOptions, body?: string): Promise<Answer> {
  return new Promise((settle, reject) => {
    const outgoing = http.request({ agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        settle({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
