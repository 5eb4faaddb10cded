/** Notices that the folder of a stack is gone: its worktree was removed, or moved. */
import { stat } from 'node:fs/promises';

import type { Clock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { locateCheckout, type CheckoutPlace, type Whereabouts } from '../lib/whereabouts.ts';
import { DEFAULT_ENVIRONMENT } from '../plan/names.ts';

export interface RootWatchOptions extends Pick<CheckoutPlace, 'root' | 'git'> {
  /** The contract's environment. */
  readonly environment?: string;
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
export function watchRoot(options: RootWatchOptions): () => void {
  const { root, git, environment = DEFAULT_ENVIRONMENT, clock, onGone, lookAlong, look = isThere } = options;
  let absent = 0;
  let isOver = false;
  let cancel = (): void => undefined;
  const lookAgain = async (): Promise<void> => {
    const found = await look(root);
    if (isOver) return;
    absent = found === false ? absent + 1 : 0;
    if (absent >= LOOKS) {
      const place = await locateCheckout({ root, git });
      return isOver ? undefined : onGone(describeGone(root, place, environment));
    }
    if (found === true) void lookAlong?.();
    cancel = clock.after(absent > 0 ? DOUBT : INTERVAL, () => void lookAgain());
  };
  cancel = clock.after(INTERVAL, () => void lookAgain());
  return () => {
    isOver = true;
    cancel();
  };
}

/** Says where the folder is, which git knows of a worktree that it moved; else what to do in either case. */
function describeGone(root: string, place: Whereabouts, environment: string): string {
  const env = environment === DEFAULT_ENVIRONMENT ? '' : ` --env ${shellWord(environment)}`;
  if (place.kind === 'moved')
    return `the folder ${root} was moved to ${place.to}: this stack is stopped; "portramp dev --dir ${shellWord(place.to)}${env}" starts it again`;
  return `the folder ${root} was removed or moved: this stack is stopped; "portramp clean" forgets it, or after a move, "portramp dev --dir FOLDER${env}" starts it again where it is now`;
}

/** A folder that may not be entered, or on a disk that does not answer, is not gone. */
async function isThere(root: string): Promise<boolean | undefined> {
  try {
    return (await stat(root)).isDirectory();
  } catch (error) {
    const code = errnoOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? false : undefined;
  }
}
