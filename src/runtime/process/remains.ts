/** What is left of an instance: members of its group, descendants that left it, carriers of its marker. Pure. */
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { ProcessEntry, ProcessTable } from './table.ts';

export interface Remains {
  /** The leader of the instance's process group. */
  readonly leader: ProcessIdentity;
  /** Finds all that is left; also remembers descendants, whose parents may be gone at the next look. */
  look(table: ProcessTable): ProcessEntry[];
}

/** @param marker The value of PORTRAMP_RUN that the instance was started with, if it is known. */
export function trackRemains(leader: ProcessIdentity, marker?: string): Remains {
  let recorded: readonly ProcessEntry[] = [];
  return {
    leader,
    look: (table) => {
      const holder = table.get(leader.pid);
      // A number that another process has now: the group is empty, and its number was given away.
      const isReused = holder !== undefined && holder.startTime !== leader.startTime;
      // Everything descends from those two: no instance is led by them, whatever a record says.
      const isLed = !isReused && leader.pid > 1;
      const found = [
        ...(isLed ? table.groupOf(leader.pid) : []),
        ...(isLed ? table.descendantsOf(leader.pid) : []),
        ...(marker === undefined ? [] : table.carriersOf(marker)),
        ...recorded.flatMap(({ pid, startTime }) => {
          const entry = table.get(pid);
          return entry?.startTime === startTime ? [entry] : [];
        }),
      ];
      const family = new Map<number, ProcessEntry>();
      for (const entry of found) {
        if (family.has(entry.pid)) continue;
        family.set(entry.pid, entry);
        for (const child of table.descendantsOf(entry.pid)) family.set(child.pid, child);
      }
      recorded = [...family.values()];
      return [...recorded];
    },
  };
}
