/**
 * The work of a turn of the event loop that goes to connections with much to say. Node reads a socket up to 32 times in a
 * row while there is something to read, the bytes of a flood of tiny chunks or interim responses take long to look at, and
 * a hundred sockets with a full buffer take long together, however quick each is: all others wait meanwhile. When the
 * share is used up, whoever is read next rests, and those that rest are read in turn, so many in a turn as fit into one
 * share: however many they are, a turn does not get much longer.
 */
import type { Socket } from 'node:net';

import { systemClock, type Clock } from '../lib/clock.ts';

/** Milliseconds of a turn, for all that have much to say. Hundreds of ordinary requests fit in. */
const SHARE = 1;

/** Milliseconds per byte: what takes longer to look at is read in small pieces, which can be interrupted. */
const DENSE = 4e-6;

let turn = 0;
/** Milliseconds of this turn that are used. */
let used = 0;
let isCounting = false;
/** Those that are not read, the one that has waited longest first. */
const resting: TurnShare[] = [];

/** Counts for this turn, and ends it once: when what was ready has been read. */
function count(took: number): void {
  used += took;
  if (isCounting) return;
  isCounting = true;
  setImmediate(endTurn);
}

/** Lets so many go on as fit into a share by what each needed last; one at least. */
function endTurn(): void {
  isCounting = false;
  turn += 1;
  used = 0;
  let promised = 0;
  while (promised < SHARE) {
    const next = resting.shift();
    if (next === undefined) return;
    promised += next.goOn();
  }
  // The rest has its turn even if none of those reads anything.
  count(0);
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
  /** Milliseconds that the connection used in `#turn`. */
  #used = 0;
  #isResting = false;
  readonly #handleOf: () => ReadHandle | undefined;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(handleOf: () => ReadHandle | undefined, clock: Pick<Clock, 'now'> = systemClock) {
    this.#handleOf = handleOf;
    this.#clock = clock;
  }

  /** Handles what was read, and lets others have their turn when the share is used up. */
  handle(length: number, work: () => void): void {
    const start = this.#clock.now();
    work();
    const took = this.#clock.now() - start;
    this.isDense = took > length * DENSE && length >= 1024;
    if (this.#turn !== turn) this.#used = 0;
    this.#turn = turn;
    this.#used += took;
    count(took);
    if (used >= SHARE) this.#rest();
  }

  /**
   * Reads the connection again, unless it has closed or was paused meanwhile.
   * @returns the milliseconds that it is likely to need
   */
  goOn(): number {
    this.#isResting = false;
    const handle = this.#handleOf();
    if (handle?.reading !== true) return 0;
    handle.readStart();
    return this.#used;
  }

  /** Below Node, so that whoever pauses and resumes the socket meanwhile need not know. */
  #rest(): void {
    const handle = this.#handleOf();
    if (handle?.reading !== true) return;
    handle.readStop();
    if (!this.#isResting) resting.push(this);
    this.#isResting = true;
  }
}
