/** A real container engine, and an image for it that needs no registry. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  copyFileSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { messageOf } from '../../src/lib/errors.ts';
import type { ComposeBinary } from '../../src/runtime/compose/binary.ts';
import { findTestCompose } from '../compose-binary.ts';
import { createMachine, type Machine } from '../process/workspace.ts';
import { restartedMarker } from './marker.ts';

const run = promisify(execFile);

export const IMAGE = 'portramp/test:1';

export interface Engine {
  readonly compose: ComposeBinary;
  readonly docker: (...args: string[]) => Promise<string>;
  /** A machine whose portramp calls this Compose. */
  readonly createMachine: () => Machine;
  /** Containers and networks that are there, those of the engine itself left out. */
  readonly left: () => Promise<string[]>;
  /** Whether the engine belongs to this test run alone, so that it may be stopped. */
  readonly isPrivate: boolean;
  /** Whether it can: not where the kernel has no such control group. */
  readonly limitsMemory: boolean;
}

/** Undefined where there is none; then the reason has been printed. */
export async function findTestEngine(): Promise<Engine | undefined> {
  const compose = await findTestCompose();
  if (compose === undefined) return undefined;
  try {
    await docker('version');
    if ((await docker('images', '-q', IMAGE)) === '') await importImage();
  } catch (error) {
    console.log(`skipped: no container engine (${messageOf(error).split('\n', 1)[0]})`);
    return undefined;
  }
  return {
    compose,
    docker,
    createMachine: () => {
      const machine = createMachine();
      machine.environment['PORTRAMP_COMPOSE'] = compose.command.join(' ');
      return machine;
    },
    left: async () => [...(await containers()), ...(await networks())],
    isPrivate: isPrivateEngine(),
    limitsMemory: (await docker('info', '--format', '{{.MemoryLimit}}')) === 'true',
  };
}

/** Whether the engine belongs to this test run alone. */
export const isPrivateEngine = (): boolean => findDaemon() !== undefined;

/** Removes every container, network and volume. @returns What there was. */
export async function removeAll(): Promise<string[]> {
  const left: string[] = [];
  for (const [list, remove] of [
    [containers, ['rm', '-f']],
    [networks, ['network', 'rm']],
    [() => lines('volume', 'ls', '-q'), ['volume', 'rm', '-f']],
  ] as const) {
    const names = await list();
    if (names.length > 0) await docker(...remove, ...names);
    left.push(...names);
  }
  return left;
}

const containers = (): Promise<string[]> => lines('ps', '-a', '--format', '{{.Names}}');
const networks = (): Promise<string[]> =>
  lines('network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}}');

async function lines(...args: string[]): Promise<string[]> {
  return (await docker(...args)).split('\n').filter((line) => line !== '');
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 });
  return stdout.trim();
}

const APPLETS = [
  'sh',
  'httpd',
  'wget',
  'sleep',
  'nc',
  'cat',
  'echo',
  'env',
  'test',
  'mkdir',
  'chmod',
  'hostname',
];

/** A static busybox and this machine's perl, which speaks UDP. */
async function importImage(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'portramp-image-'));
  try {
    for (const folder of ['bin', 'www/cgi-bin', 'tmp', 'etc', 'data'])
      mkdirSync(join(root, folder), { recursive: true });
    copyInto(root, which('busybox'), '/bin/busybox');
    for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
    const perl = which('perl');
    copyInto(root, perl, '/bin/perl');
    for (const library of librariesOf(perl)) copyInto(root, library, library);
    const archive = join(root, '..', `${root.slice(root.lastIndexOf('/') + 1)}.tar`);
    await run('tar', ['-C', root, '-cf', archive, '.']);
    await docker('import', '-c', 'ENV PATH=/bin', archive, IMAGE);
    rmSync(archive);
  } finally {
    rmSync(root, { recursive: true });
  }
}

export function copyInto(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  copyFileSync(from, join(root, to));
}

export const which = (name: string): string => {
  const found = (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
};

export const librariesOf = (program: string): string[] =>
  [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(
    (match) => match[1] ?? '',
  );

interface Daemon {
  readonly pid: number;
  readonly command: readonly string[];
}

/** An engine whose pid file lies beside its socket was made for these tests. */
function findDaemon(): Daemon | undefined {
  const socket = /^unix:\/\/(.+)$/.exec(process.env['DOCKER_HOST'] ?? '')?.[1];
  const file = socket === undefined ? '' : join(dirname(socket), 'pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8'));
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .filter((word) => word !== '');
  return { pid, command };
}

/** Ends the private engine, and starts it again as it was. `meanwhile`: what is done while there is none. */
export async function restartEngine(meanwhile?: () => Promise<void>): Promise<void> {
  const daemon = await stopEngine();
  const failure = await meanwhile?.().catch((error: unknown) => ({ error }));
  const [program = '', ...args] = daemon.command;
  spawn(program, args, { stdio: 'ignore', detached: true }).unref();
  const marker = restartedMarker();
  if (marker !== undefined) writeFileSync(marker, '');
  await eventually(() => docker('version'));
  if (failure !== undefined) throw failure.error;
}

/** Ends the private engine and its containers; resolves when it is gone. */
export async function stopEngine(): Promise<Daemon> {
  const daemon = findDaemon();
  if (daemon === undefined) throw new Error('this engine is not for tests alone');
  process.kill(daemon.pid, 'SIGTERM');
  await eventually(async () => {
    const stat = await readFile(`/proc/${daemon.pid}/stat`, 'utf8').catch(() => ') Z');
    if (!stat.slice(stat.lastIndexOf(')')).startsWith(') Z')) throw new Error('the engine is still there');
  });
  return daemon;
}

/** Not vitest's own: this also runs in the setup, outside of any test. */
async function eventually(look: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}
