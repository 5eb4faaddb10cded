/** Which checkouts of stacks are gone: asked of the system beside what the daemon does, and never waited for. */
import { isFolderGone } from '../lib/gone-folder.ts';

/** Finds those of the folders that are surely gone. */
export async function findGone(
  roots: readonly string[],
  isGone: (root: string) => Promise<boolean> = isFolderGone,
): Promise<Set<string>> {
  const distinct = [...new Set(roots)];
  const gone = await Promise.all(distinct.map(isGone));
  return new Set(distinct.filter((_, index) => gone[index]));
}

export interface GoneRoots {
  /** Those that were gone when they were looked at last. */
  readonly known: ReadonlySet<string>;
  /** These are asked about: at once where they are others than before, and not again otherwise. */
  follow(roots: readonly string[]): void;
}

/** @param onChange called when other folders are gone than were known to be */
export function followGone(onChange: () => void, isGone?: (root: string) => Promise<boolean>): GoneRoots {
  let known: ReadonlySet<string> = new Set();
  let followed = '';
  return {
    get known() {
      return known;
    },
    follow: (roots) => {
      const asked = [...new Set(roots)].sort().join('\0');
      if (asked === followed) return;
      followed = asked;
      void findGone(roots, isGone).then((gone) => {
        // Others are asked about by now.
        if (asked !== followed || [...gone].sort().join('\0') === [...known].sort().join('\0')) return;
        known = gone;
        onChange();
      });
    },
  };
}
