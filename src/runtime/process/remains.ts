/** What is left of an instance: members of its group, descendants that left it, carriers of its marker. */
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { signalGroup, signalProcess } from './signals.ts';
import { carriersOf, descendantsOf, listProcesses, type ProcessEntry } from './table.ts';

export interface Remains {
  /** Everything that is left now; also remembers descendants, whose parents may be gone at the next look. */
  look(): ProcessEntry[];
  signal(signal: NodeJS.Signals): void;
}

/**
 * @param leader The leader of the instance's process group.
 * @param marker The value of PORTRAMP_RUN that the instance was started with, if it is known.
 */
export function trackRemains(leader: ProcessIdentity, marker?: string): Remains {
  const recorded = new Map<number, ProcessEntry>();

  const look = (): ProcessEntry[] => {
    const processes = listProcesses();
    // A number that another process has now: the group is empty, and its number was given away.
    const isReused = processes.some(
      ({ pid, startTime }) => pid === leader.pid && startTime !== leader.startTime,
    );
    const found = [
      ...(isReused ? [] : processes.filter((entry) => entry.pgrp === leader.pid)),
      ...(isReused ? [] : descendantsOf(leader.pid, processes)),
      ...(marker === undefined ? [] : carriersOf(marker, processes)),
      ...processes.filter((entry) => recorded.get(entry.pid)?.startTime === entry.startTime),
    ];
    recorded.clear();
    for (const entry of found) {
      recorded.set(entry.pid, entry);
      for (const child of descendantsOf(entry.pid, processes)) recorded.set(child.pid, child);
    }
    return [...recorded.values()];
  };

  return {
    look,
    signal: (signal) => {
      if (look().some((entry) => entry.pgrp === leader.pid)) signalGroup(leader.pid, signal);
      // Another look: a member that was just leaving the group has either got the signal, or is seen outside now.
      for (const entry of look()) if (entry.pgrp !== leader.pid) signalProcess(entry, signal);
    },
  };
}
