/** A bundle like `dist`, built once for a test file, and homes whose daemons run from it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

import { eventually } from '../../eventually.ts';
import { locateHome, type Home } from '../../../src/lib/home.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { isAlive } from '../../../src/lib/process-identity.ts';
import { connectDaemon, type ConnectOptions, type DaemonClient } from '../../../src/protocol/client.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export const makeFolder = (): string => realpathSync(mkdtempSync(join(tmpdir(), 'portramp-bundle-')));

const ENTRIES = {
  daemon: 'src/daemon/main.ts',
  inspector: 'src/daemon/inspector.ts',
  pulse: 'src/daemon/pulse-thread.ts',
  starter: 'test/process/daemon/starter.ts',
  contender: 'test/process/daemon/contender.ts',
};

export async function buildBundle(
  folder: string,
  entries: Readonly<Record<string, string>> = ENTRIES,
): Promise<void> {
  const words = Object.entries(entries).map(([name, file]) => `${name}=${file}`);
  await promisify(execFile)(process.execPath, [join(ROOT, 'bin/build.js'), folder, ...words]);
}

export interface PrivateHome {
  readonly home: Home;
  readonly environment: NodeJS.ProcessEnv;
  connect(options?: Partial<ConnectOptions>): Promise<DaemonClient>;
  /** Ends the daemon, if one runs, and proves that no process of this home is left. */
  close(): Promise<void>;
}

export function createPrivateHome(bundle: string): PrivateHome {
  const folder = makeFolder();
  const environment = { ...process.env, PORTRAMP_HOME: join(folder, 'home'), PORTRAMP_HTTP_PORT: '0' };
  const home = locateHome(environment);
  const clients: DaemonClient[] = [];
  return {
    home,
    environment,
    connect: async (options = {}) => {
      const client = await connectDaemon({
        home,
        version: '1.0.0',
        bundle,
        environment,
        ...options,
        spawn: true,
      });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      const daemon = lockHolder(home.lock);
      if (daemon !== undefined) {
        process.kill(daemon.pid, 'SIGTERM');
        await eventually(() => expect(isAlive(daemon)).toBe(false));
      }
      // One that has just been told to end, or ends by itself, is given the moment that takes.
      await eventually(() => expect(processesOf(home)).toEqual([]));
      rmSync(folder, { recursive: true });
    },
  };
}

/** Pids of daemons of this home, by their environment (Linux only). */
export function processesOf(home: Home): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readEnvironment(Number(pid)).includes(`PORTRAMP_HOME=${home.root}`))
    .map(Number);
}

export function readEnvironment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
