/** Notices that the folder of a stack is gone: its worktree was removed, or moved. */
import { stat } from 'node:fs/promises';

import type { Clock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errors.ts';

export interface RootWatchOptions {
  readonly root: string;
  readonly clock: Clock;
  /** Called once, with what a person is told. */
  readonly onGone: (text: string) => void;
  /** Taken along as long as the folder is there: it costs no waking up of its own. */
  readonly lookAlong?: () => Promise<void>;
  /** Whether the folder is there; undefined when that cannot be said. Default: asks the system. */
  readonly look?: (root: string) => Promise<boolean | undefined>;
}

/** Between two looks at what is there: a look wakes up a process that has nothing to do. Milliseconds. */
const INTERVAL = 10_000;

/** Until the next look at what was not there. Milliseconds. */
const DOUBT = 300;

/** A folder may be absent for a moment while it is put in place of another. */
const LOOKS = 2;

/** @returns what ends the watch */
export function watchRoot({ root, clock, onGone, lookAlong, look = isThere }: RootWatchOptions): () => void {
  let absent = 0;
  let isOver = false;
  let cancel = (): void => undefined;
  const lookAgain = async (): Promise<void> => {
    const found = await look(root);
    if (isOver) return;
    absent = found === false ? absent + 1 : 0;
    if (absent >= LOOKS) return onGone(describeGone(root));
    if (found === true) void lookAlong?.();
    cancel = clock.after(absent > 0 ? DOUBT : INTERVAL, () => void lookAgain());
  };
  cancel = clock.after(INTERVAL, () => void lookAgain());
  return () => {
    isOver = true;
    cancel();
  };
}

const describeGone = (root: string): string =>
  `the folder ${root} was removed or moved: this stack is stopped; after a move, "portramp dev --dir FOLDER" starts it again where it is now`;

/** A folder that may not be entered, or on a disk that does not answer, is not gone. */
async function isThere(root: string): Promise<boolean | undefined> {
  try {
    return (await stat(root)).isDirectory();
  } catch (error) {
    const code = errnoOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? false : undefined;
  }
}
