/** The processes of the machine as they were at one moment, found by number, group, parent and marker. Pure. */

export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  /** Opaque: only equality means something. */
  readonly startTime: string;
  /** The values of PORTRAMP_RUN in the environment; empty where that is closed to this user, or was not asked for. */
  readonly markers: readonly string[];
}

export interface ProcessTable {
  readonly size: number;
  get(pid: number): ProcessEntry | undefined;
  /** Finds the members of a process group. */
  groupOf(pgrp: number): readonly ProcessEntry[];
  /** Finds children, their children and so on; the process itself is not among them. */
  descendantsOf(pid: number): ProcessEntry[];
  /**
   * Finds processes whose environment carries the marker, or, where it ends with a dot, any marker that begins with
   * it: those that left their group and their parents. Linux only; what other users run is not seen.
   */
  carriersOf(marker: string): readonly ProcessEntry[];
}

/** Indexes a list of processes without zombies: those run nothing and hold nothing. */
export function createTable(entries: Iterable<ProcessEntry>): ProcessTable {
  const byPid = new Map<number, ProcessEntry>();
  const groups = new Map<number, ProcessEntry[]>();
  const children = new Map<number, ProcessEntry[]>();
  const marked = new Map<string, ProcessEntry[]>();
  for (const entry of entries) {
    byPid.set(entry.pid, entry);
    pushTo(groups, entry.pgrp, entry);
    pushTo(children, entry.ppid, entry);
    for (const marker of new Set(entry.markers)) pushTo(marked, marker, entry);
  }
  return {
    size: byPid.size,
    get: (pid) => byPid.get(pid),
    groupOf: (pgrp) => groups.get(pgrp) ?? [],
    descendantsOf: (pid) => {
      // By number: a table is not made in one instant, and a number that was reused meanwhile may close a circle.
      const found = new Map<number, ProcessEntry>();
      const open = [pid];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        for (const child of children.get(next) ?? []) {
          if (child.pid === pid || found.has(child.pid)) continue;
          found.set(child.pid, child);
          open.push(child.pid);
        }
      }
      return [...found.values()];
    },
    carriersOf: (marker) => {
      if (!marker.endsWith('.')) return marked.get(marker) ?? [];
      const found = [...marked].filter(([one]) => one.startsWith(marker)).flatMap(([, carriers]) => carriers);
      return [...new Set(found)];
    },
  };
}

function pushTo<Key>(map: Map<Key, ProcessEntry[]>, key: Key, entry: ProcessEntry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}
