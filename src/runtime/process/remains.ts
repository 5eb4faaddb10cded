/** What is left of an instance: members of its group, descendants that left it, carriers of its marker. */
import { signalGroup, signalProcess } from './signals.ts';
import { carriersOf, descendantsOf, listProcesses, type ProcessEntry } from './table.ts';

export interface Remains {
  /** Everything that is left now; also remembers descendants, whose parents may be gone at the next look. */
  look(): ProcessEntry[];
  signal(signal: NodeJS.Signals): void;
}

/** @param marker The value of PORTRAMP_RUN that the instance was started with. */
export function trackRemains(leader: number, marker: string): Remains {
  const recorded = new Map<number, ProcessEntry>();

  const look = (): ProcessEntry[] => {
    const processes = listProcesses();
    const ofGroup = processes.filter((entry) => entry.pgrp === leader);
    const found = [
      ...ofGroup,
      ...descendantsOf(leader, processes),
      ...carriersOf(marker, processes),
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
      const left = look();
      signalGroup(leader, signal);
      for (const entry of left) if (entry.pgrp !== leader) signalProcess(entry, signal);
    },
  };
}
