/** Holds a real process at a point of its work: see `hold.cjs`. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../../eventually.ts';
import { isHalted } from '../../../src/lib/silence.ts';
import type { Machine } from '../workspace.ts';

/** A call of a module of Node that a process of portramp makes. */
export interface Point {
  /** Part of the command line of the process. */
  readonly in: string;
  readonly module: 'fs' | 'fs/promises' | 'child_process';
  readonly call: string;
  /** A regular expression that the arguments of the call fit, as JSON. */
  readonly like: string;
  readonly when: 'before' | 'after';
}

export interface Hold {
  /** The environment of a command whose process, or one that it starts, is to be held. */
  readonly env: NodeJS.ProcessEnv;
  /** Resolves with the number of the process when it is held. */
  held(): Promise<number>;
}

let holds = 0;

/** Where holds are kept, and what the processes that they are for have in their environment. */
export type HoldPlace = Pick<Machine, 'folder' | 'environment'>;

export function holdAt(place: HoldPlace, point: Point): Hold {
  holds += 1;
  const told = join(place.folder('holds'), String(holds));
  return {
    env: {
      ...place.environment,
      NODE_OPTIONS: `--require=${resolve(import.meta.dirname, 'hold.cjs')}`,
      HOLD: JSON.stringify({ ...point, told }),
    },
    held: () =>
      eventually(() => {
        expect(existsSync(told)).toBe(true);
        const pid = Number(readFileSync(told, 'utf8'));
        expect(isHalted(pid)).toBe(true);
        return pid;
      }, 240_000),
  };
}

/** Lets everything go on that is held on the machine: a test that failed leaves nothing that stands still. */
export function letAllGo(place: HoldPlace): void {
  const folder = place.folder('holds');
  for (const name of readdirSync(folder)) {
    const pid = Number(readFileSync(join(folder, name), 'utf8'));
    if (pid > 1 && isHalted(pid)) process.kill(pid, 'SIGCONT');
  }
}

/** Lets the process go on. */
export const letGo = (pid: number): void => void process.kill(pid, 'SIGCONT');
