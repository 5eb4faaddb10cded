/** Looks at the processes of an instance: whether they are those of a watcher, and whether it is alone. */
import type { Clock } from '../../lib/clock.ts';
import type { TreeFacts } from './assess.ts';
import { readFamily, type Member } from './watchers.ts';

export interface TreeOptions {
  readonly clock: Clock;
  /** Every process of the instance, as a look saw it that is at most `age` milliseconds old. */
  readonly family: (age: number) => Promise<readonly Member[]>;
  /** @param isAnew the watcher has started a child in place of the last one */
  readonly onTree: (facts: TreeFacts, isAnew: boolean) => void;
}

export interface TreeWatch {
  /** Looks again and again; `often` while somebody waits for what comes of it. */
  readonly begin: (often: boolean) => void;
  /** What listens is alive: it is remembered, and nothing more is looked for. */
  readonly rest: () => void;
  readonly end: () => void;
}

/** Milliseconds between two looks for a watcher: package managers take their time to start one. */
const SEARCH: readonly number[] = [300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000];

/** Milliseconds: a whole stack that starts is searched with one look at the machine's processes a second. */
const SEARCH_AGE = 1_000;

/** Milliseconds between two looks at what a watcher runs. */
const OFTEN = 300;
const STEADY = 1_000;

export function watchTree({ clock, family, onTree }: TreeOptions): TreeWatch {
  /** Another object for every turn: a look that was under way for an earlier one says nothing. */
  let turn: { readonly often: boolean | undefined } | undefined;
  let cancel = (): void => undefined;
  let children: readonly number[] = [];
  let hadChild = false;
  let aloneSince: number | undefined;

  /** True where there is a watcher. */
  const look = async (current: NonNullable<typeof turn>): Promise<boolean> => {
    // A watcher that is found a second later is found; whether its child lives is asked of now.
    const isSearch = !hadChild && aloneSince === undefined && current.often !== undefined;
    const members = await family(isSearch ? SEARCH_AGE : 0).catch(() => []);
    if (turn !== current) return false;
    const found = readFamily(members);
    if (found === undefined) return false;
    const isAlone = found.children.length === 0;
    const isAnew = !isAlone && children.length > 0 && !found.children.some((pid) => children.includes(pid));
    if (!isAlone) children = found.children;
    hadChild ||= !isAlone;
    aloneSince = isAlone ? (aloneSince ?? clock.now()) : undefined;
    if (current.often === undefined) return true;
    onTree({ watcher: found.watcher, isSlow: found.isSlow, aloneSince, hadChild }, isAnew);
    return true;
  };

  const lookOn = async (current: NonNullable<typeof turn>, searched: number): Promise<void> => {
    const isKnown = await look(current);
    // What it told may have ended this.
    if (turn !== current) return;
    const pause = isKnown ? (current.often === true ? OFTEN : STEADY) : SEARCH[searched];
    if (pause === undefined) return;
    cancel = clock.after(pause, () => void lookOn(current, isKnown ? 0 : searched + 1));
  };

  const change = (next: typeof turn): void => {
    turn = next;
    cancel();
  };

  return {
    begin: (often) => {
      if (turn?.often === often) return;
      const current = { often };
      change(current);
      cancel = clock.after(SEARCH[0] ?? 0, () => void lookOn(current, 1));
    },
    rest: () => {
      if (turn !== undefined && turn.often === undefined) return;
      const current = { often: undefined };
      change(current);
      hadChild = true;
      aloneSince = undefined;
      void look(current);
    },
    end: () => change(undefined),
  };
}
