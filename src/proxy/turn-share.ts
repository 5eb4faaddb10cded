/**
 * The share that one connection has of a turn of the event loop. Node reads a socket up to 32 times in a row while there
 * is something to read, and the bytes of a flood of tiny chunks or interim responses take long to look at: a single
 * connection could keep all others waiting for seconds. One that has used its share is not read until the next turn.
 * Those that use theirs up share what one alone would have: however many they are, a turn does not get much longer.
 */
import type { Socket } from 'node:net';

import { systemClock, type Clock } from '../lib/clock.ts';

/** Milliseconds of a turn, for all who use up their share. Hundreds of ordinary requests fit in. */
const SHARE = 1;

/** Milliseconds per byte: what takes longer to look at is read in small pieces, which can be interrupted. */
const DENSE = 4e-6;

let turn = 0;
let isCounting = false;
/** Connections that have used up their share: in this turn, and in the last one. */
let using = 0;
let crowd = 0;

/** Numbers the turns in which somebody asks. */
function currentTurn(): number {
  if (!isCounting) {
    isCounting = true;
    setImmediate(() => {
      isCounting = false;
      turn += 1;
      crowd = using;
      using = 0;
    });
  }
  return turn;
}

/** The part of a socket that belongs to the system, as far as it is needed here; not documented. */
export interface ReadHandle {
  /** Whether Node wants it to be read. */
  reading: boolean;
  readStart(): number;
  readStop(): number;
}

/** @returns undefined where sockets are not made as those of Node are, or it is closed */
export function readHandleOf(socket: Socket): ReadHandle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<ReadHandle> | null };
  return typeof handle?.readStop === 'function' && typeof handle.readStart === 'function'
    ? (handle as ReadHandle)
    : undefined;
}

export class TurnShare {
  /** What was read last took long for its size. */
  isDense = false;
  #turn = -1;
  #used = 0;
  #isResting = false;
  readonly #handleOf: () => ReadHandle | undefined;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(handleOf: () => ReadHandle | undefined, clock: Pick<Clock, 'now'> = systemClock) {
    this.#handleOf = handleOf;
    this.#clock = clock;
  }

  /** Handles what was read, and lets others have their turn when it has used up its share. */
  handle(length: number, work: () => void): void {
    const start = this.#clock.now();
    work();
    const took = this.#clock.now() - start;
    this.isDense = took > length * DENSE && length >= 1024;
    const now = currentTurn();
    if (now !== this.#turn) this.#used = 0;
    this.#turn = now;
    this.#used += took;
    if (this.#used * Math.max(1, crowd) >= SHARE && !this.#isResting) this.#rest();
  }

  /** Below Node, so that whoever pauses and resumes the socket meanwhile need not know. */
  #rest(): void {
    const handle = this.#handleOf();
    if (handle?.reading !== true) return;
    this.#isResting = true;
    using += 1;
    handle.readStop();
    setImmediate(() => {
      this.#isResting = false;
      if (this.#handleOf() === handle && handle.reading) handle.readStart();
    });
  }
}
