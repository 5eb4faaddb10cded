/** What a run of the benchmark has: a folder, two sets of cores, and every process that it started. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { divideCores, type Cores } from './cores.ts';

export const run = promisify(execFile);

export interface Workshop {
  readonly folder: string;
  readonly cores: Cores;
  /** Starts a program that ends with the benchmark, however that ends. */
  start(where: keyof Cores, command: readonly string[], options?: StartOptions): Program;
  /** Ends everything, and removes the folder. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Program {
  readonly pid: number;
  /** What it has said so far. */
  readonly output: () => string;
  /** Whether it has ended. */
  readonly ended: () => boolean;
  stop(): Promise<void>;
}

/** Milliseconds that a program has to end after SIGTERM. */
const GRACE = 3_000;

export function openWorkshop(): Workshop {
  const cores = divideCores();
  const folder = mkdtempSync(join(tmpdir(), 'portramp-bench-'));
  const programs = new Set<Program>();
  return {
    folder,
    cores,
    start: (where, command, options = {}) => {
      const program = startProgram(cores[where], command, { cwd: folder, ...options }, () =>
        programs.delete(program),
      );
      programs.add(program);
      return program;
    },
    close: async () => {
      await Promise.all([...programs].map((program) => program.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startProgram(
  core: string,
  command: readonly string[],
  options: StartOptions,
  onExit: () => void,
): Program {
  // The kernel ends it should this process be killed.
  const words = ['--pdeathsig', 'TERM', 'taskset', '--cpu-list', core, ...command];
  const child = spawn('setpriv', words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-10_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.once('error', (error) => collect(Buffer.from(String(error))));
  child.once('exit', onExit);
  const ended = (): boolean =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  return { pid: child.pid ?? 0, output: () => output, ended, stop: () => stopProgram(child, ended) };
}

async function stopProgram(child: ChildProcess, ended: () => boolean): Promise<void> {
  if (ended()) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE);
  await exit;
  clearTimeout(late);
}

/** A port of 127.0.0.1 that nobody has at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The program's own words about its version; undefined when it is not there. */
export async function askVersion(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(command, args);
    return `${stdout}${stderr}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // wrk exits with 1 after it told its version.
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return `${stdout ?? ''}${stderr ?? ''}`;
  }
}
