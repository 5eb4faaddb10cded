/** Processes that listen, and the judgement over them. */
import { randomBytes } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';

import { eventually } from '../../eventually.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../../src/lib/process-identity.ts';
import type { Claim } from '../../../src/ports/findings.ts';
import { isPortFree } from '../../../src/ports/probe.ts';
import { program } from '../workspace.ts';

export const LISTENER = program('listener.js');

/** A number outside the default range and below every ephemeral one, that nobody uses. */
export async function pickPort(): Promise<number> {
  for (;;) {
    const port = 30_000 + Math.floor(Math.random() * 2_700);
    if (await isPortFree(port)) return port;
  }
}

/** An address of this machine that is not loopback, if it has one. */
export const LAN = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

export interface Said {
  readonly pid: number;
  readonly host: string;
  readonly port?: number;
  readonly error?: string;
}

export interface StartedListener {
  /** The process that was started, which is not always the one that listens. */
  readonly child: ChildProcess;
  readonly leader: ProcessIdentity;
  readonly marker: string;
  readonly said: Said;
  claim(port: number): Claim;
}

export interface StartOptions {
  /** What runs `node listener.js HOST PORT`, as "$@"; runs it directly unless given. */
  readonly shell?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
}

export interface Listeners {
  start(host: string, port: number, options?: StartOptions): Promise<StartedListener>;
  /** Ends them all and proves it. */
  close(): Promise<void>;
}

export function createListeners(): Listeners {
  const started: ProcessIdentity[] = [];
  const remember = (pid: number): ProcessIdentity | undefined => {
    const identity = identityOf(pid);
    if (identity !== undefined) started.push(identity);
    return identity;
  };
  return {
    start: async (host, port, { shell, env, uid } = {}) => {
      const marker = `${randomBytes(6).toString('hex')}.api.1`;
      const words = [process.execPath, LISTENER, host, String(port)];
      const [file = '', ...args] = shell === undefined ? words : ['sh', '-c', shell, 'sh', ...words];
      const child = spawn(file, args, {
        // As the runtime starts an instance: the leader of a session of its own.
        detached: true,
        env: { PATH: process.env['PATH'], PORTRAMP_RUN: marker, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
        ...(uid === undefined ? {} : { uid, gid: uid, cwd: '/' }),
      });
      const lines = createInterface({ input: child.stdout });
      const leader = remember(child.pid ?? 0);
      const [line] = (await once(lines, 'line')) as [string];
      const said = JSON.parse(line) as Said;
      remember(said.pid);
      if (leader === undefined) throw new Error('it ended before it could be looked at');
      return {
        child,
        leader,
        marker,
        said,
        claim: (number) => ({
          instance: { ...leader, marker },
          label: 'api of shop',
          ports: [{ name: 'http', number }],
        }),
      };
    },
    close: async () => {
      const alive = started.splice(0).filter(isAlive);
      for (const { pid } of alive) process.kill(pid, 'SIGKILL');
      await eventually(() => expect(alive.filter(isAlive)).toEqual([]));
    },
  };
}
